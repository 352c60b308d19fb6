"""Where normal codes are kept and looked up."""
