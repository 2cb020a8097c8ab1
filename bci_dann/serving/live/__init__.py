"""Live decoding: a stream of an amplifier in, decisions as lines, as a stream and on a page out."""
