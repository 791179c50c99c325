//! QR codes, as outlines for SVG: sharp at every size, and small.

use qrcode::{Color, EcLevel, QrCode};

use taler::web::is_this_machine;

/// White modules around a code, so that it is found.
const QUIET: usize = 4;

/// An address as a picture for the camera of a phone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Qr {
    /// How wide and high it is, in modules.
    pub size: usize,
    /// The dark modules, as the outline of an SVG path.
    pub path: String,
}

impl Qr {
    /// The picture of `text`; `None` if it is too long for one.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (y, row) in code.to_colors().chunks(width).enumerate() {
            let mut x = 0;
            // One stroke for neighbours in a row.
            for run in row.chunk_by(|one, next| one == next) {
                if run.first() == Some(&Color::Dark) {
                    let (left, top, length) = (x + QUIET, y + QUIET, run.len());
                    path.push_str(&format!("M{left} {top}h{length}v1h-{length}z"));
                }
                x += run.len();
            }
        }
        Some(Self { size: width + 2 * QUIET, path })
    }
}

/// An address for a wallet, as text and as a picture for the camera of another device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link {
    /// The address.
    pub uri: String,
    /// Its picture; none if it is too long for one.
    pub qr: Option<Qr>,
    /// Whether it names the machine that made it, so that no other device gets there.
    pub is_local: bool,
}

impl Link {
    /// A link to `uri`.
    pub fn to(uri: String) -> Self {
        Self { qr: Qr::of(&uri), is_local: is_local(&uri), uri }
    }
}

/// Whether an address for wallets (`taler://pay/HOST/…`) names the machine that made it.
pub fn is_local(uri: &str) -> bool {
    let rest = uri.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    rest.is_some_and(|(_, authority)| is_this_machine(authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_says_whether_other_devices_get_there() {
        let is_local = |uri: &str| Link::to(uri.to_owned()).is_local;
        assert!(is_local("taler+http://pay/127.0.0.1:9966/instances/x/2026.001-A/S?c=X"));
        assert!(is_local("taler+http://pay-template/localhost:1/tea"));
        assert!(!is_local("taler://pay/shop.example/2026.001-A/S"));
    }

    #[test]
    fn a_qr_code_has_its_corners_and_a_quiet_border() {
        let qr = Qr::of("taler+http://pay/127.0.0.1:9966/2026.001-0123456789ABC/S?c=X").unwrap();
        // The finder pattern's upper edge, left and right, seven modules wide.
        assert!(qr.path.starts_with("M4 4h7v1h-7z"), "{}", qr.path);
        let right = format!("M{} 4h7v1h-7z", qr.size - QUIET - 7);
        assert!(qr.path.contains(&right), "{}", qr.path);
        assert!(Qr::of(&"x".repeat(8000)).is_none());
    }
}
