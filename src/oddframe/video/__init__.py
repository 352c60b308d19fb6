"""Files, folders and arrays in, frames out."""
