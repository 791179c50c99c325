//! Units: what products are counted in (inventory 7).
//!
//! Some are built in and known to every shop; a shop can take one of those out of use, or say how finely
//! it is divided, but not rename or remove it.

use super::invalid_field::InvalidField;
use super::product::{MAX_PRECISION, MAX_TEXT, MAX_UNIT, Translations, are_translations, is_text};

/// A unit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unit {
    /// Names it in products.
    pub unit: String,
    /// In words.
    pub name_long: String,
    /// Its sign.
    pub name_short: String,
    /// The words in other languages.
    pub name_long_i18n: Translations,
    /// The sign in other languages.
    pub name_short_i18n: Translations,
    /// Whether there can be half of one, where a product does not say.
    pub allow_fraction: bool,
    /// Digits behind the dot, where a product does not say; 0 where no fraction is allowed.
    pub precision: u8,
    /// Whether it is offered for new products.
    pub is_active: bool,
}

impl Unit {
    /// Whether every shop has it.
    pub fn is_builtin(&self) -> bool {
        BUILTIN.iter().any(|(unit, ..)| *unit == self.unit)
    }

    /// Checks lengths and forms.
    ///
    /// # Errors
    /// [`InvalidField`] names the first member that does not fit.
    pub fn check(&self) -> Result<(), InvalidField> {
        let checks = [
            ("unit", !self.unit.is_empty() && is_text(&self.unit, MAX_UNIT)),
            ("unit_name_long", is_text(&self.name_long, MAX_TEXT)),
            ("unit_name_short", is_text(&self.name_short, MAX_TEXT)),
            ("unit_name_long_i18n", are_translations(&self.name_long_i18n)),
            ("unit_name_short_i18n", are_translations(&self.name_short_i18n)),
            ("unit_precision_level", self.precision <= MAX_PRECISION),
        ];
        match checks.into_iter().find(|(_, fits)| !fits) {
            Some((member, _)) => Err(InvalidField(member)),
            None => Ok(()),
        }
    }
}

/// What is to be changed about a unit; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct UnitChange {
    /// In words.
    pub name_long: Option<String>,
    /// Its sign.
    pub name_short: Option<String>,
    /// The words in other languages.
    pub name_long_i18n: Option<Translations>,
    /// The sign in other languages.
    pub name_short_i18n: Option<Translations>,
    /// Whether there can be half of one.
    pub allow_fraction: Option<bool>,
    /// Digits behind the dot.
    pub precision: Option<u8>,
    /// Whether it is offered for new products.
    pub is_active: Option<bool>,
}

impl UnitChange {
    /// Whether it changes more than a shop may change of a unit that is built in.
    pub fn renames(&self) -> bool {
        self.name_long.is_some()
            || self.name_short.is_some()
            || self.name_long_i18n.is_some()
            || self.name_short_i18n.is_some()
    }

    /// `unit` after the change.
    pub fn of(self, unit: Unit) -> Unit {
        let allow_fraction = self.allow_fraction.unwrap_or(unit.allow_fraction);
        let precision = self.precision.unwrap_or(unit.precision);
        Unit {
            unit: unit.unit,
            name_long: self.name_long.unwrap_or(unit.name_long),
            name_short: self.name_short.unwrap_or(unit.name_short),
            name_long_i18n: self.name_long_i18n.unwrap_or(unit.name_long_i18n),
            name_short_i18n: self.name_short_i18n.unwrap_or(unit.name_short_i18n),
            allow_fraction,
            precision: if allow_fraction { precision } else { 0 },
            is_active: self.is_active.unwrap_or(unit.is_active),
        }
    }
}

/// The units that are built in: name, words, sign, digits behind the dot. Pieces and sets are whole.
const BUILTIN: &[(&str, &str, &str, u8)] = &[
    ("Piece", "piece", "pc", 0),
    ("Set", "set", "set", 0),
    ("SizeUnitCm", "centimetre", "cm", 1),
    ("SizeUnitFoot", "foot", "ft", 3),
    ("SizeUnitInch", "inch", "in", 2),
    ("SizeUnitM", "metre", "m", 3),
    ("SizeUnitMm", "millimetre", "mm", 0),
    ("SurfaceUnitCm2", "square centimetre", "cm²", 2),
    ("SurfaceUnitFoot2", "square foot", "ft²", 3),
    ("SurfaceUnitInch2", "square inch", "in²", 2),
    ("SurfaceUnitM2", "square metre", "m²", 3),
    ("SurfaceUnitMm2", "square millimetre", "mm²", 1),
    ("TimeUnitDay", "day", "d", 2),
    ("TimeUnitHour", "hour", "h", 2),
    ("TimeUnitMinute", "minute", "min", 0),
    ("TimeUnitMonth", "month", "mo", 2),
    ("TimeUnitSecond", "second", "s", 0),
    ("TimeUnitWeek", "week", "wk", 2),
    ("TimeUnitYear", "year", "a", 2),
    ("VolumeUnitCm3", "cubic centimetre", "cm³", 2),
    ("VolumeUnitFoot3", "cubic foot", "ft³", 3),
    ("VolumeUnitGallon", "gallon", "gal", 3),
    ("VolumeUnitInch3", "cubic inch", "in³", 2),
    ("VolumeUnitLitre", "litre", "l", 3),
    ("VolumeUnitM3", "cubic metre", "m³", 3),
    ("VolumeUnitMm3", "cubic millimetre", "mm³", 1),
    ("VolumeUnitOunce", "fluid ounce", "fl oz", 2),
    ("WeightUnitG", "gram", "g", 1),
    ("WeightUnitKg", "kilogram", "kg", 3),
    ("WeightUnitMg", "milligram", "mg", 0),
    ("WeightUnitOunce", "ounce", "oz", 2),
    ("WeightUnitPound", "pound", "lb", 3),
    ("WeightUnitTon", "tonne", "t", 3),
];

/// The units that every shop has, as they are before it changes them.
pub fn builtin() -> impl Iterator<Item = Unit> {
    BUILTIN.iter().map(|(unit, long, short, precision)| Unit {
        unit: (*unit).to_owned(),
        name_long: (*long).to_owned(),
        name_short: (*short).to_owned(),
        name_long_i18n: Translations::new(),
        name_short_i18n: Translations::new(),
        allow_fraction: *precision > 0,
        precision: *precision,
        is_active: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_units_that_are_built_in_stand_in_order_and_fit() {
        let names: Vec<_> = builtin().map(|unit| unit.unit).collect();
        assert!(names.is_sorted(), "{names:?}");
        for unit in builtin() {
            assert_eq!(unit.check(), Ok(()));
            assert!(unit.is_builtin());
        }
    }

    #[test]
    fn without_fractions_there_are_no_digits() {
        let kilogram = builtin().find(|unit| unit.unit == "WeightUnitKg").unwrap();
        let change = UnitChange { allow_fraction: Some(false), ..UnitChange::default() };
        assert!(!change.renames());
        assert_eq!(change.of(kilogram).precision, 0);
    }
}
