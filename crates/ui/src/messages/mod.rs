//! The table of texts, each in English and German. A new text is added in both.
//!
//! A file here has the texts of one page or area. Each is a macro that adds its texts to those before it and
//! hands them on to the next, so that all of them become one struct, [`Messages`]. A new area is a file, and its
//! name in the list below.
//!
//! `{}` stands for what is put in, from left to right; see [`filled`].

#[macro_use]
mod accounts;
#[macro_use]
mod cashiers;
#[macro_use]
mod check_list;
#[macro_use]
mod demo;
#[macro_use]
mod demo_article;
#[macro_use]
mod demo_front;
#[macro_use]
mod demo_problems;
#[macro_use]
mod demo_purchase;
#[macro_use]
mod details;
#[macro_use]
mod exchanges;
#[macro_use]
mod export;
#[macro_use]
mod front_pages;
#[macro_use]
mod instances;
#[macro_use]
mod new_order;
#[macro_use]
mod office;
#[macro_use]
mod office_problems;
#[macro_use]
mod order;
#[macro_use]
mod order_pages;
#[macro_use]
mod orders;
#[macro_use]
mod otp_devices;
#[macro_use]
mod password;
#[macro_use]
mod product_import;
#[macro_use]
mod products;
#[macro_use]
mod receipts;
#[macro_use]
mod refusals;
#[macro_use]
mod settings;
#[macro_use]
mod sign_in;
#[macro_use]
mod status;
#[macro_use]
mod template_pages;
#[macro_use]
mod templates;
#[macro_use]
mod till;
#[macro_use]
mod times;
#[macro_use]
mod tokens;
#[macro_use]
mod webhooks;

/// Makes the table of all texts.
macro_rules! table {
    ([] $($(#[$doc:meta])* $name:ident: $english:literal, $german:literal;)*) => {
        /// Every text of our pages, in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "a text says itself what it says")]
        pub struct Messages {
            $($(#[$doc])* pub $name: &'static str,)*
        }

        /// The texts in English.
        pub static ENGLISH: Messages = Messages { $($name: $english,)* };
        /// The texts in German.
        pub static GERMAN: Messages = Messages { $($name: $german,)* };

        #[cfg(test)]
        const PAIRS: &[(&str, &str, &str)] = &[$((stringify!($name), $english, $german),)*];
    };
}

times_texts! { [
    refusals_texts order_pages_texts template_pages_texts front_pages_texts office_texts
    sign_in_texts orders_texts order_texts office_problems_texts new_order_texts
    till_texts receipts_texts cashiers_texts export_texts settings_texts templates_texts accounts_texts tokens_texts webhooks_texts
    password_texts status_texts instances_texts details_texts check_list_texts
    exchanges_texts products_texts product_import_texts otp_devices_texts demo_texts demo_front_texts demo_purchase_texts demo_article_texts
    demo_problems_texts table
] }

/// `text` with each `{}` replaced by one of `values`, from left to right. What has no value stays.
pub fn filled(text: &str, values: &[&str]) -> String {
    let mut values = values.iter();
    let mut pieces = text.split("{}");
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        whole.push_str(values.next().unwrap_or(&"{}"));
        whole.push_str(piece);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_leave_room_for_the_same_values() {
        for (name, english, german) in PAIRS {
            assert!(!english.is_empty() && !german.is_empty(), "{name}");
            assert_eq!(english.matches("{}").count(), german.matches("{}").count(), "{name}");
            assert_eq!(english.ends_with('.'), german.ends_with('.'), "{name}");
        }
    }

    #[test]
    fn values_fill_the_gaps_from_left_to_right() {
        assert_eq!(filled("{} of {}", &["1", "{}"]), "1 of {}");
        assert_eq!(filled("{} and {}", &["1"]), "1 and {}");
    }
}
