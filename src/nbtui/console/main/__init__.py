"""The main screen: fields, pipeline, contributions."""
