"""Tests of `pulse up`: real processes, real signals, a real Valkey; only the web, worker and Flower are toys."""
