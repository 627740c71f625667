"""What papers and workbooks say: which tables, figures and sentences, in which order."""
