"""Pure panes: frozen state and a size in, lines of toned text out."""
