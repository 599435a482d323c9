"""Web access: for ten minutes, when somebody asks for it at the box. A process of its own."""
