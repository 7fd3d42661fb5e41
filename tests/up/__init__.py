"""Tests of `pulse up`: real processes, signals and Valkey; only web server, worker and Flower are toy programs."""
