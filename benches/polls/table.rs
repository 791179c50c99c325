//! The table: each figure beside what it is measured against, its bar, and whether that holds.

/// What is asked of a figure.
#[derive(Clone, Copy)]
pub(crate) enum Bar {
    /// Nothing; it is good to know.
    None,
    AtLeast(f64),
    AtMost(f64),
    /// Not asked for: better than what stands beside it.
    HopedBelow,
    /// As many times what stands beside it.
    TimesAtLeast(f64),
    TimesAtMost(f64),
}

struct Row {
    name: String,
    values: Vec<f64>,
    beside: Option<(String, Vec<f64>)>,
    bar: Bar,
}

/// All figures, of all rounds.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// Takes the figure of one round down, and what it is measured against.
    pub(crate) fn add(&mut self, name: &str, value: f64, beside: Option<(&str, f64)>, bar: Bar) {
        let at = self.0.iter().position(|row| row.name == name).unwrap_or_else(|| {
            let beside = beside.map(|(name, _)| (name.to_owned(), Vec::new()));
            self.0.push(Row { name: name.to_owned(), values: Vec::new(), beside, bar });
            self.0.len() - 1
        });
        let row = &mut self.0[at];
        row.values.push(value);
        if let (Some((_, values)), Some((_, value))) = (&mut row.beside, beside) {
            values.push(value);
        }
    }

    pub(crate) fn print(&self) {
        println!(
            "{:47} {:>9} {:>17}   {:24} {:>7}  bar",
            "", "median", "min to max", "beside", "ratio"
        );
        for row in &self.0 {
            row.print();
        }
    }
}

impl Row {
    fn print(&self) {
        let value = median(&self.values);
        let (min, max) = self
            .values
            .iter()
            .fold((f64::MAX, f64::MIN), |(min, max), value| (min.min(*value), max.max(*value)));
        let span = format!("{} to {}", digits(min), digits(max));
        let (beside, times) = match &self.beside {
            None => (String::new(), None),
            Some((name, values)) => {
                let other = median(values);
                (format!("{name} {}", digits(other)), (other > 0.0).then_some(value / other))
            }
        };
        let ratio = times.map_or_else(String::new, |times| format!("{times:.2}"));
        let name = &self.name;
        let verdict = self.verdict(value, times.unwrap_or(f64::NAN));
        println!("{name:47} {:>9} {span:>17}   {beside:24} {ratio:>7}  {verdict}", digits(value));
    }

    fn verdict(&self, value: f64, times: f64) -> String {
        let say = |holds: bool| if holds { "ok" } else { "MISSED" };
        match self.bar {
            Bar::None => String::new(),
            Bar::AtLeast(bar) => format!("at least {bar}: {}", say(value >= bar)),
            Bar::AtMost(bar) => format!("at most {bar}: {}", say(value <= bar)),
            Bar::HopedBelow if times < 1.0 => "hoped below 1 x: reached".to_owned(),
            Bar::HopedBelow => "hoped below 1 x: not reached".to_owned(),
            Bar::TimesAtLeast(bar) => format!("at least {bar} x: {}", say(times >= bar)),
            Bar::TimesAtMost(bar) => format!("at most {bar} x: {}", say(times <= bar)),
        }
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Three digits that count.
fn digits(value: f64) -> String {
    match value {
        _ if value >= 100.0 => format!("{value:.0}"),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
