"""One pixel computed in numpy with any rule of the program broken."""
