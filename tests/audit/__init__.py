"""`pulse audit` and `pulse rebuild`, on real servers: each difference is caused for real."""
