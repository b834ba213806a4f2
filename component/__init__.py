"""deskbridge: joins Work users and contact-centre agents on one ejabberd."""

__version__ = "0.1.0"
