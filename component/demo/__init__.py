"""``deskbridge demo``: a private ejabberd with the example tenant, the bridge, and a page to try them on, on loopback.

For newcomers and experiments: known passwords, no federation, everything in one folder. A second start finds its data
again. ``deskbridge run`` uses none of this.
"""
