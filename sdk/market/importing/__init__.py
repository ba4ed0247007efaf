"""Import: files of bars become a bundle, or one clear list of what is wrong with them."""
