"""Campaigns as code for contact centers: desired state in git, a plan to review, an apply that contacts nobody twice."""

__version__ = "0.1.0"
