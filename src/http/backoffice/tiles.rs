//! The products as the till page shows them: a tile each, with what its script needs to know.

use std::collections::BTreeMap;

use super::pictures;
use super::web_session::WebSession;
use crate::model::category::Category;
use crate::model::product::Product;
use crate::model::unit::Unit;
use crate::till::{PointOfSale, Till};
use taler::amount::{Amount, Currency};
use ui::messages::filled;

/// How many colours categories have in `till.css`.
const COLOURS: i64 = 8;

/// A product that can be sold.
pub(super) struct Tile {
    /// The product's name in forms.
    pub(super) id: String,
    pub(super) name: String,
    /// What one costs, as people read it.
    pub(super) price: String,
    /// The address of its picture.
    pub(super) picture: Option<String>,
    /// What one costs in each currency, for the script: `KUDOS:2.5 EUR:3`; with the taxes on it, where these are added:
    /// `EUR:3+0.57`.
    pub(super) prices: String,
    /// The numbers of its categories: `1 4`.
    pub(super) categories: String,
    /// Digits behind the dot of its quantities.
    pub(super) digits: u8,
    /// What it is counted in, where it can be divided.
    pub(super) unit: String,
    /// How much there is; `None`: without end.
    pub(super) left: Option<String>,
    pub(super) is_sold_out: bool,
    /// From which age on, if it is not for children.
    pub(super) age: String,
    pub(super) colour: i64,
}

/// A category with something in it.
pub(super) struct Group {
    pub(super) serial: i64,
    pub(super) name: String,
    pub(super) colour: i64,
}

/// The tiles of a shop, by category and name, and its categories.
#[derive(Default)]
pub(super) struct Tiles {
    pub(super) tiles: Vec<Tile>,
    pub(super) groups: Vec<Group>,
}

/// The colour of a category.
fn colour(serial: i64) -> i64 {
    serial.rem_euclid(COLOURS)
}

impl Tiles {
    /// Of what is `sold`, in those of `currencies` that it is priced in. What has no price has no tile: nobody could
    /// say what it costs. Of `units` come the signs of what is weighed or measured.
    pub(super) fn of(
        sold: PointOfSale,
        units: &[Unit],
        currencies: &[Currency],
        web_session: &WebSession,
        till: &Till,
    ) -> Self {
        let language = web_session.context().locale.language.tag();
        let name_of = |category: Category| {
            let details = category.details;
            let own = details.name_i18n.get(language).cloned();
            (category.serial, own.unwrap_or(details.name))
        };
        let names: BTreeMap<i64, String> = sold.categories.into_iter().map(name_of).collect();
        let tile = |product: &Product| tile(product, units, currencies, web_session, till);
        let mut tiles: Vec<Tile> = sold.products.iter().filter_map(tile).collect();
        let place = |tile: &Tile| {
            let first = tile.categories.split(' ').filter_map(|serial| serial.parse().ok()).next();
            let group = first.and_then(|serial: i64| names.get(&serial));
            (group.is_none(), group.map(|name| name.to_lowercase()), tile.name.to_lowercase())
        };
        tiles.sort_by_cached_key(place);
        let is_used = |serial: i64| {
            let serial = serial.to_string();
            tiles.iter().any(|tile| tile.categories.split(' ').any(|one| one == serial))
        };
        let mut groups: Vec<Group> = names
            .iter()
            .filter(|(serial, _)| is_used(**serial))
            .map(|(serial, name)| Group {
                serial: *serial,
                name: name.clone(),
                colour: colour(*serial),
            })
            .collect();
        groups.sort_by_cached_key(|group| group.name.to_lowercase());
        Self { tiles, groups }
    }
}

fn tile(
    product: &Product,
    units: &[Unit],
    currencies: &[Currency],
    web_session: &WebSession,
    till: &Till,
) -> Option<Tile> {
    let details = &product.details;
    let is_offered = |price: &&Amount| !price.is_zero() && currencies.contains(price.currency());
    let offered: Vec<&Amount> = details.prices.iter().filter(is_offered).collect();
    let usual = currencies
        .iter()
        .find_map(|currency| offered.iter().find(|price| price.currency() == currency).copied())?;
    let parts = |price: &Amount| {
        let mut text = price.to_string();
        let taxes = details.taxes.iter().filter(|_| details.price_is_net);
        for tax in taxes.filter(|tax| tax.tax.currency() == price.currency()) {
            let tax = tax.tax.to_string();
            text.push('+');
            text.push_str(tax.split_once(':').map_or("0", |(_, number)| number));
        }
        text
    };
    let gross = match details.price_is_net {
        true => {
            let taxes = details.taxes.iter().map(|tax| &tax.tax);
            let taxes = taxes.filter(|tax| tax.currency() == usual.currency());
            Amount::sum(*usual.currency(), taxes.chain([usual])).unwrap_or(*usual)
        }
        false => *usual,
    };
    let language = web_session.context().locale.language.tag();
    let unit = units.iter().find(|unit| unit.unit == details.unit);
    let unit = unit.map_or(&details.unit, |unit| {
        unit.name_short_i18n.get(language).unwrap_or(&unit.name_short)
    });
    let unit = unit.clone();
    let left = product.available();
    Some(Tile {
        id: product.id.as_str().to_owned(),
        name: details.name.clone(),
        price: web_session.money(&gross, till.policy()),
        picture: pictures::path_of(web_session, product),
        prices: offered.into_iter().map(parts).collect::<Vec<_>>().join(" "),
        categories: details.categories.iter().map(i64::to_string).collect::<Vec<_>>().join(" "),
        digits: if details.allow_fraction { details.precision } else { 0 },
        unit: if details.allow_fraction { unit } else { String::new() },
        is_sold_out: left.is_some_and(|left| left.is_zero()),
        left: left.map(|left| left.to_string()),
        age: match details.minimum_age {
            0 => String::new(),
            age => filled(web_session.messages().till_from_age, &[&age.to_string()]),
        },
        colour: details.categories.first().copied().map_or(-1, colour),
    })
}
