//! Receipts for the printer: on rolls of 58 and 80 mm, on A6, and as text.
//!
//! The customer's page and the back office show the same [`ReceiptView`]; what it says is made once, so that paper
//! and text agree.

use actix_web::HttpResponse;
use actix_web::http::header::VARY;

use super::super::error::Answer;
use super::items::{ALL_LINES, OrderItems, shortened};
use super::tax_rows::{TaxRow, tax_rows};
use crate::model::instance::Location;
use crate::model::tax::TaxSums;
use crate::till::ReceiptContent;
use net::header::protect_page;
use serde_json::Value;
use taler::amount::Amount;
use taler::currency::CurrencySpecification;
use taler::time::Timestamp;
use ui::formatted_time::FormattedTime;
use ui::qr::Qr;
use ui::{Locale, Messages, POLICY, money};

/// Characters in a line of a receipt as text: what printers with rolls of 58 and 80 mm have.
pub(in crate::http) const WIDTHS: [usize; 2] = [32, 48];
/// Most characters of a line of the shop's address.
const MAX_LINE: usize = 100;

/// What a receipt is printed on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::http) enum Paper {
    /// A roll of 58 mm.
    Roll58,
    /// A roll of 80 mm.
    #[default]
    Roll80,
    /// A sheet of 105 mm by 148 mm.
    A6,
}

impl Paper {
    pub(in crate::http) const ALL: [Self; 3] = [Self::Roll58, Self::Roll80, Self::A6];

    /// Its name in addresses.
    pub(in crate::http) fn name(self) -> &'static str {
        match self {
            Self::Roll58 => "58",
            Self::Roll80 => "80",
            Self::A6 => "a6",
        }
    }

    /// The paper of this name.
    pub(in crate::http) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|paper| name.eq_ignore_ascii_case(paper.name()))
    }

    pub(in crate::http) fn name_for_people(self) -> &'static str {
        match self {
            Self::Roll58 => "58\u{a0}mm",
            Self::Roll80 => "80\u{a0}mm",
            Self::A6 => "A6",
        }
    }

    /// How it is called in the style.
    pub(in crate::http) fn class(self) -> &'static str {
        match self {
            Self::Roll58 => "roll58",
            Self::Roll80 => "roll80",
            Self::A6 => "a6",
        }
    }

    /// How wide a roll is; 0 for a sheet, whose length is fixed.
    pub(in crate::http) fn width_mm(self) -> u32 {
        match self {
            Self::Roll58 => 58,
            Self::Roll80 => 80,
            Self::A6 => 0,
        }
    }
}

/// For whom a receipt is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::http) enum Copy {
    /// For the customer.
    Customer,
    /// For the shop, which also sees the reference of the payment.
    Shop,
}

/// A choice, as a link.
pub(in crate::http) struct Choice {
    pub(in crate::http) href: String,
    pub(in crate::http) text: String,
    pub(in crate::http) is_chosen: bool,
}

/// A text with a price.
pub(in crate::http) struct Priced {
    pub(in crate::http) text: String,
    pub(in crate::http) price: String,
    pub(in crate::http) is_total: bool,
}

/// Rates of tax below a heading.
pub(in crate::http) struct TaxPart {
    pub(in crate::http) heading: Option<&'static str>,
    pub(in crate::http) rows: Vec<TaxRow>,
}

/// A receipt as people read it.
pub(in crate::http) struct ReceiptView {
    /// For whom it is, where it says so.
    pub(in crate::http) copy: Option<&'static str>,
    /// The shop's name, empty if it has none.
    pub(in crate::http) shop: String,
    /// The shop's address, line by line.
    pub(in crate::http) address: Vec<String>,
    /// Under which number the shop pays its taxes.
    pub(in crate::http) tax_number: Option<String>,
    /// Name and value of what there is to know.
    pub(in crate::http) facts: Vec<(&'static str, String)>,
    /// What was bought.
    pub(in crate::http) lines: Vec<Priced>,
    /// From the lines to what was paid.
    pub(in crate::http) sums: Vec<Priced>,
    /// The taxes in the price; empty where the order says of none.
    pub(in crate::http) taxes: Vec<TaxPart>,
    /// What was given back, and what is left.
    pub(in crate::http) refunds: Vec<Priced>,
    /// The taxes in what is left.
    pub(in crate::http) taxes_left: Vec<TaxPart>,
    /// The page of the order.
    pub(in crate::http) qr: Option<Qr>,
    /// The order's name.
    pub(in crate::http) order: String,
}

/// The word for a way to pay.
pub(in crate::http) fn method_text(method: &str, messages: &Messages) -> String {
    match method {
        "cash" => messages.by_cash,
        "card" => messages.by_card,
        "bank" => messages.by_bank,
        "other" => messages.by_other,
        other => other,
    }
    .to_owned()
}

impl ReceiptView {
    /// The receipt of `content`; `time` writes an instant as the shop's clock shows it.
    pub(in crate::http) fn of(
        content: &ReceiptContent,
        copy: Copy,
        time: &dyn Fn(Timestamp) -> FormattedTime,
        currencies: &[CurrencySpecification],
        locale: Locale,
    ) -> Self {
        let (order, messages) = (&content.order, locale.messages());
        let show = |amount: &Amount| money::show(amount, currencies, locale);
        let items =
            OrderItems::with_lines(ALL_LINES, &content.terms, &order.summary, currencies, locale);
        let priced = |text: String, price: String| Priced { text, price, is_total: false };
        let mut lines: Vec<Priced> = items
            .lines
            .iter()
            .map(|line| {
                priced(
                    format!("{} {}", line.quantity, line.name).trim().to_owned(),
                    line.price.clone(),
                )
            })
            .collect();
        if lines.is_empty() {
            lines.push(priced(items.summary.clone(), show(&order.amount)));
        }
        lines.extend(items.more.clone().map(|more| priced(more, String::new())));
        let mut facts = vec![(messages.office_order_number, order.order_id.to_string())];
        match &order.paid {
            None => facts.push((messages.paid_by, messages.not_paid.to_owned())),
            Some(paid) => {
                facts.push((messages.paid_at, time(paid.at).text));
                let counter = content.counter.as_ref();
                let mut method = counter.map_or(messages.paid_with_coins.to_owned(), |counter| {
                    method_text(counter.payment.method.as_str(), messages)
                });
                let reference = counter.and_then(|counter| counter.payment.reference.as_ref());
                if let Some(reference) = reference.filter(|_| copy == Copy::Shop) {
                    method.push_str(": ");
                    method.push_str(reference.as_str());
                }
                facts.push((messages.method, method));
            }
        }
        if let Some(cashier) = &content.cashier {
            facts.push((messages.cashier, cashier.clone()));
        }
        let parts = |heading, taxes: &TaxSums| match taxes.says_taxes() {
            true => vec![TaxPart { heading, rows: tax_rows(taxes, &show, locale) }],
            false => Vec::new(),
        };
        let mut refunds: Vec<Priced> = content
            .refunds
            .iter()
            .map(|refund| {
                let text = format!("{} {}", messages.was_refunded, time(refund.granted_at).text);
                priced(text, format!("−{}", show(&refund.amount)))
            })
            .collect();
        let mut taxes_left = Vec::new();
        if !refunds.is_empty() {
            refunds.push(Priced {
                text: messages.stays_paid.to_owned(),
                price: show(&content.taxes_left.gross()),
                is_total: true,
            });
            taxes_left = parts(Some(messages.after_refunds), &content.taxes_left);
        }
        let merchant = content.terms.get("merchant");
        let address = merchant.and_then(|merchant| merchant.get("address")).cloned();
        let address = address.and_then(|address| serde_json::from_value(address).ok());
        Self {
            copy: match copy {
                Copy::Customer => None,
                Copy::Shop => Some(messages.shops_copy),
            },
            shop: items.shop.clone(),
            address: address_lines(&address.unwrap_or_default()),
            tax_number: content.tax_number.clone(),
            facts,
            lines,
            sums: sums(content, &items, &show, messages),
            taxes: parts(None, &content.taxes),
            refunds,
            taxes_left,
            qr: Qr::of(&order.status_url(None)),
            order: order.order_id.to_string(),
        }
    }

    /// As text with `width` characters in a line.
    fn text(&self, width: usize, messages: &Messages) -> String {
        let mut page = TextPage { width, text: String::new() };
        if let Some(copy) = self.copy {
            page.centre(copy);
        }
        page.centre(if self.shop.is_empty() { messages.receipt } else { &self.shop });
        self.address.iter().for_each(|line| page.centre(line));
        if let Some(number) = &self.tax_number {
            page.centre(&format!("{} {number}", messages.tax_number));
        }
        page.rule('-');
        self.facts.iter().for_each(|(label, value)| page.pair(label, value));
        page.rule('-');
        let all = |page: &mut TextPage, list: &[Priced]| {
            for one in list {
                if one.is_total {
                    page.rule('=');
                }
                page.pair(&one.text, &one.price);
            }
        };
        all(&mut page, &self.lines);
        page.rule('-');
        all(&mut page, &self.sums);
        let taxes = |page: &mut TextPage, parts: &[TaxPart]| {
            for part in parts {
                page.rule('-');
                part.heading.iter().for_each(|heading| page.pair(heading, ""));
                for row in &part.rows {
                    page.pair(&row.rate, &row.gross);
                    page.pair(&format!("  {}", messages.net), &row.net);
                    page.pair(&format!("  {}", messages.tax), &row.tax);
                }
            }
        };
        taxes(&mut page, &self.taxes);
        if !self.refunds.is_empty() {
            page.rule('-');
            all(&mut page, &self.refunds);
        }
        taxes(&mut page, &self.taxes_left);
        page.text
    }
}

/// From the lines to what was paid: the tip, a discount, and the price.
fn sums(
    content: &ReceiptContent,
    items: &OrderItems,
    show: &dyn Fn(&Amount) -> String,
    messages: &Messages,
) -> Vec<Priced> {
    let price = &content.order.amount;
    let currency = *price.currency();
    let tip = content.terms.get("tip").and_then(Value::as_str);
    let tip = tip.and_then(|text| Amount::parse(text).ok()).filter(|tip| !tip.is_zero());
    let lines: Vec<Amount> = items.lines.iter().filter_map(|line| line.amount).collect();
    let subtotal = Amount::sum(currency, &lines).ok().filter(|_| !lines.is_empty());
    let with_tip = match (&subtotal, &tip) {
        (Some(subtotal), Some(tip)) => subtotal.checked_add(tip).ok(),
        (subtotal, _) => *subtotal,
    };
    let discount = with_tip.and_then(|all| all.checked_sub(price).ok());
    let discount = discount.filter(|discount| !discount.is_zero());
    let mut sums = Vec::new();
    let mut add = |text: &str, price: String, is_total| {
        sums.push(Priced { text: text.to_owned(), price, is_total });
    };
    if let Some(subtotal) = subtotal.filter(|_| tip.is_some() || discount.is_some()) {
        add(messages.subtotal, show(&subtotal), false);
    }
    if let Some(discount) = &discount {
        add(messages.discount, format!("−{}", show(discount)), false);
    }
    if let Some(tip) = &tip {
        add(messages.tip, show(tip), false);
    }
    add(messages.total, show(price), true);
    let kept = content.counter.as_ref();
    if let Some((given, change)) = kept.and_then(|kept| kept.given.zip(kept.change())) {
        add(messages.till_given_short, show(&given), false);
        add(messages.till_change, show(&change), false);
    }
    sums
}

/// A place as it is written on letters.
fn address_lines(place: &Location) -> Vec<String> {
    let joined = |parts: &[&Option<String>]| {
        let parts: Vec<&str> =
            parts.iter().filter_map(|part| part.as_deref()).map(str::trim).collect();
        parts.join(" ").trim().to_owned()
    };
    [
        joined(&[&place.building_name]),
        joined(&[&place.street, &place.building_number]),
        joined(&[&place.post_code, &place.town]),
        joined(&[&place.country]),
    ]
    .into_iter()
    .filter(|line| !line.is_empty())
    .map(|line| shortened(&line, MAX_LINE))
    .collect()
}

/// Receipts as text, one after the other.
pub(in crate::http) fn as_text(
    copies: &[ReceiptView],
    width: usize,
    messages: &Messages,
) -> Answer {
    let texts: Vec<String> = copies.iter().map(|copy| copy.text(width, messages)).collect();
    let mut answer = HttpResponse::Ok()
        .insert_header((VARY, "Accept, Accept-Language"))
        .content_type("text/plain; charset=utf-8")
        .body(texts.join("\n\n"));
    protect_page(answer.headers_mut(), POLICY, "no-referrer");
    Ok(answer)
}

/// Text in lines of one width.
struct TextPage {
    width: usize,
    text: String,
}

impl TextPage {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn rule(&mut self, sign: char) {
        self.line(&sign.to_string().repeat(self.width));
    }

    fn centre(&mut self, text: &str) {
        for line in wrapped(text, self.width) {
            let indent = self.width.saturating_sub(line.chars().count()) / 2;
            self.line(&format!("{}{line}", " ".repeat(indent)));
        }
    }

    /// `left`, and `right` at the end of its last line, or of one more.
    fn pair(&mut self, left: &str, right: &str) {
        let right = plain(right);
        let indent: String = left.chars().take_while(|c| *c == ' ').collect();
        let room = self.width.saturating_sub(indent.chars().count());
        let mut lines: Vec<String> =
            wrapped(left, room).into_iter().map(|line| format!("{indent}{line}")).collect();
        let last = lines.pop().unwrap_or_default();
        lines.iter().for_each(|line| self.line(line));
        let used = last.chars().count().saturating_add(right.chars().count());
        match self.width.checked_sub(used).filter(|gap| *gap > 0 || right.is_empty()) {
            Some(gap) => self.line(&format!("{last}{}{right}", " ".repeat(gap))),
            None => {
                self.line(&last);
                for line in wrapped(&right, self.width) {
                    let indent = self.width.saturating_sub(line.chars().count());
                    self.line(&format!("{}{line}", " ".repeat(indent)));
                }
            }
        }
    }
}

/// `text` with plain spaces, in one line.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` in lines of at most `width` characters, broken between words where that is possible.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        let length = line.chars().count();
        if length > 0 && length.saturating_add(1).saturating_add(word.len()) > width {
            lines.push(std::mem::take(&mut line));
        }
        while word.len() > width.max(1) {
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            let rest = word.split_off(width.max(1));
            lines.push(word.into_iter().collect());
            word = rest;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_fits_its_width_and_prices_are_at_its_end() {
        let mut page = TextPage { width: 12, text: String::new() };
        page.centre("Shop");
        page.pair("Tea", "2.00\u{a0}€");
        page.pair("A long name of tea", "2.00\u{a0}€");
        page.pair("Teacups", "2.00\u{a0}€");
        page.pair("  net", "1");
        page.pair("Bread", "1,234,567.00\u{a0}€");
        page.rule('-');
        let lines: Vec<&str> = page.text.lines().collect();
        assert_eq!(
            lines,
            [
                "    Shop",
                "Tea   2.00 €",
                "A long name",
                "of tea",
                "      2.00 €",
                "Teacups",
                "      2.00 €",
                "  net      1",
                "Bread",
                "1,234,567.00",
                "           €",
                "------------",
            ]
        );
        assert!(lines.iter().all(|line| line.chars().count() <= 12));
    }

    #[test]
    fn long_words_are_broken() {
        assert_eq!(wrapped("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrapped("a bc abcdefg", 4), ["a bc", "abcd", "efg"]);
        assert_eq!(wrapped("", 4), [""]);
    }

    #[test]
    fn papers_are_known_by_their_names() {
        for paper in Paper::ALL {
            assert_eq!(Paper::named(paper.name()), Some(paper));
        }
        assert_eq!((Paper::named("A6"), Paper::named("a4")), (Some(Paper::A6), None));
    }
}
