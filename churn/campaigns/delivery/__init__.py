"""Contacts that are due go out: once each, and never to who is held out."""
