//! The system's randomness.

/// The machine has no randomness to give.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the system's random number generator failed")]
pub struct NoRandomness;

/// `N` bytes of the system's randomness.
///
/// # Errors
/// [`NoRandomness`], as on a machine that has just been started for the first time.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}
