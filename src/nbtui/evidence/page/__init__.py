"""A package as one HTML file to send, and its figures as SVG."""
