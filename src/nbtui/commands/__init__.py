"""One module per subcommand; ``nbtui.cli`` says which there are."""
