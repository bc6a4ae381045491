"""How text is set in lines and written in fonts, without laying out a page."""
