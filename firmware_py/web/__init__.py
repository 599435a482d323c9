"""Web access: for ten minutes, when somebody asked for it at the box itself. A process of its own."""
