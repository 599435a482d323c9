"""The rig: which device is what, where its notes go, and who hears them."""
