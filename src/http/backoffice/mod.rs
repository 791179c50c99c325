//! The back office: the shopkeeper's pages, below `/webui`.
//!
//! Signing in with an instance's password sets a cookie with a token (`cookie`), which stays
//! valid while the user is active (the till's `web_session`). `guard` runs before every page: it admits
//! requests with such a cookie, redirects the others to the sign-in, and accepts forms only from pages of our
//! own. A handler reads the inputs (`form`), calls the same use case as the API, and shows a
//! page or redirects to another one. Everything works without script.
//!
//! To add a page: a row in the table `OFFICE` of `http/mod.rs`, a file here with its handler and its
//! template, a file of texts in `crates/ui/src/messages`, and perhaps a tab in `web_session`.

pub(super) mod accounts;
mod answer;
mod cart_form;
pub(super) mod cashier;
pub(super) mod cashiers;
pub(super) mod categories;
pub(super) mod check_list;
mod cookie;
mod csrf;
pub(super) mod details;
pub(super) mod exchanges;
pub(super) mod export;
mod flash;
mod form;
mod guard;
mod imports;
pub(super) mod instances;
mod introductions;
mod ledgers;
mod messages;
pub(super) mod new_order;
mod ods;
pub(super) mod order;
mod order_badge;
pub(super) mod orders;
pub(super) mod otp_devices;
pub(super) mod password;
pub(super) mod pictures;
mod problem;
mod product_file;
pub(super) mod product_import;
mod product_table;
pub(super) mod products;
pub(super) mod receipt;
mod repeats;
pub(super) mod setup;
pub(super) mod sign_in;
pub(super) mod status;
pub(super) mod submissions;
mod table_file;
mod tax_table;
pub(super) mod templates;
mod tiles;
pub(super) mod till;
mod till_device;
pub(super) mod today;
pub(super) mod tokens;
mod web_session;
pub(super) mod webhooks;
mod workbook;
mod xlsx;

use percent_encoding::percent_decode_str;

pub(super) use self::guard::guard;
pub(super) use self::problem::problem;
pub use self::submissions::Forms;

/// Whether `path` is one of the back office's.
pub(super) fn owns(path: &str) -> bool {
    // As the router sees it, which decodes and takes several slashes for one.
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    decoded.split('/').find(|segment| !segment.is_empty()) == Some("webui")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_office_is_known_by_its_path_however_it_is_written() {
        for path in ["/webui", "/webui/", "/webui/orders", "//webui/x", "/%77ebui", "/webui%2Fx"] {
            assert!(owns(path), "{path}");
        }
        for path in ["/", "/webuix", "/orders/webui", "/instances/webui"] {
            assert!(!owns(path), "{path}");
        }
    }
}
