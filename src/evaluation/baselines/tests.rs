//! On matrices small enough to compute by hand.
