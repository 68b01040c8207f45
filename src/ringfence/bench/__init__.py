"""What is measured, and how: ``ringfence bench core|node|gateway``."""
