"""The site's own: commands carried out while a page is built, and pages made of the code."""
