"""Sigma documents as written, lowered to predicates: the only home of pySigma."""
