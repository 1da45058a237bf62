"""bandroid: teach a machine your favourite band."""

__version__ = "0.1.0"
