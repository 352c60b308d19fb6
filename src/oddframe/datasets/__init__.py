"""Videos with their split and labels, one file per benchmark."""
