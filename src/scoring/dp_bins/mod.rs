//! What the DP scorers that are additive in single columns share: public bins ([`public`]), one joint release of the
//! persons in them ([`counts`]), and what each bin says of the PD once noise is smoothed away ([`evidence`]).

pub(super) mod counts;
pub(super) mod evidence;
pub(super) mod public;
