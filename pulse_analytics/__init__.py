"""Engagement analytics for video sites: 202 means counted exactly once."""
