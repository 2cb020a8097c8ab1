"""Live streams: acquisition of cued sessions, online decoding, output of decisions."""
