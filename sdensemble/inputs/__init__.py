"""The files of a study → frozen values, checked key by key against its model."""
