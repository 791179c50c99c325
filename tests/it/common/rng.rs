//! A seeded random number generator.

/// Numbers that look like chance and are the same each time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    /// A place in a list of so many.
    pub(crate) fn place(&mut self, places: usize) -> usize {
        usize::try_from(self.below(u64::try_from(places).unwrap())).unwrap()
    }
}
