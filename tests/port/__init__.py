"""A second world: a small port of nanoBragg's traced pixel, with known ways to be wrong.

Written from the specification alone, in the manner of the ports in the field. The package shares no code with the
simulator or the diagnosis, so that the diagnosis meets logs of a program that it does not contain.

    port = Simulator(settings_of(command, folder), Faults("phi_midpoint"))
    print(trace_text(port, *port.settings.trace_pixel))
"""
