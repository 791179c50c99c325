//! What Taler and the shop talk of: pure, checked types.
