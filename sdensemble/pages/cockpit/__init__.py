"""The cockpit: one HTML file that carries a study's kernel, its draws and its words."""
