//! The reader of a page: language and number format.

use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};

use super::catalog::CURRENCY;
use super::demo_wallet::Contents;
use taler::amount::{Amount, Currency};
use taler::currency::CurrencySpecification;
use ui::messages::filled;
use ui::{self, Messages, money};

/// Who reads, as far as their browser tells.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reader(ui::Locale);

impl Reader {
    /// The visitor who sends these headers.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let languages = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self(ui::Locale::of(languages.unwrap_or_default()))
    }

    /// The texts in their language.
    pub(super) fn messages(self) -> &'static Messages {
        self.0.messages()
    }

    /// The language's tag.
    pub(super) fn language(self) -> &'static str {
        self.0.language.tag()
    }

    /// An amount as they read it.
    pub(super) fn money(self, amount: &Amount) -> String {
        money::show(amount, &[], self.0)
    }

    /// A price of our own, like `KUDOS:2.50`, as they read it.
    pub(super) fn price(self, price: &str) -> String {
        Amount::parse(price).map_or_else(|_| price.to_owned(), |price| self.money(&price))
    }

    /// What they have typed, in the shop's currency; `None` if it is no amount above zero.
    pub(super) fn typed(self, text: &str) -> Option<Amount> {
        let currency = CurrencySpecification::shipped(Currency::parse(CURRENCY).ok()?);
        money::read(text, &currency, self.0).filter(|amount| !amount.is_zero())
    }

    /// `text` with `value` put in.
    pub(super) fn say(self, text: impl AsRef<str>, value: impl AsRef<str>) -> String {
        filled(text.as_ref(), &[value.as_ref()])
    }

    /// The title of a page about `what`.
    pub(super) fn title(self, what: &str) -> String {
        filled(self.messages().demo_title, &[what])
    }

    /// What is in the demo wallet, in a sentence or two.
    pub(super) fn coin(self, wallet: &Contents) -> String {
        let messages = self.messages();
        let there = match &wallet.available {
            Some(amount) => filled(messages.demo_balance, &[&self.money(amount)]),
            None => messages.demo_balance_empty.to_owned(),
        };
        match &wallet.expected {
            Some(amount) => {
                format!(
                    "{there} {}",
                    filled(messages.demo_balance_expected, &[&self.money(amount)])
                )
            }
            None => there,
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn reader(language: &'static str) -> Reader {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(language));
        Reader::of(&headers)
    }

    #[test]
    fn amounts_are_written_and_read_as_the_reader_does() {
        let (english, german) = (reader("en"), reader("de"));
        assert_eq!(english.price("KUDOS:2.50"), "2.50\u{a0}KUDOS");
        assert_eq!(german.price("KUDOS:12345.5"), "12.345,50\u{a0}KUDOS");
        assert_eq!(german.typed("2,50"), Amount::parse("KUDOS:2.5").ok());
        for text in ["", "0", "0,00", "two", "2,505"] {
            assert_eq!(german.typed(text), None, "{text}");
        }
        assert_eq!(Reader::of(&HeaderMap::new()).language(), "en");
    }

    #[test]
    fn the_balance_names_available_and_pending_money() {
        let amount = |text| Amount::parse(text).ok();
        let full = Contents { available: amount("KUDOS:3"), expected: amount("KUDOS:1.5") };
        assert_eq!(
            reader("de").coin(&full),
            "In der Demo-Wallet sind 3,00\u{a0}KUDOS. 1,50\u{a0}KUDOS mehr sind unterwegs."
        );
        assert_eq!(reader("en").coin(&Contents::default()), "The demo wallet is empty.");
    }
}
