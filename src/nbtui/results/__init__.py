"""Results of the Python interface: values with a text and an HTML form."""
