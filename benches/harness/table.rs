//! The table: each figure beside what it is measured against, its bar, and whether that holds.

/// What is asked of a figure.
#[derive(Clone, Copy)]
pub(crate) enum Bar {
    /// Nothing; it is good to know.
    None,
    AtLeast(f64),
    AtMost(f64),
    Below(f64),
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

/// All figures, of all rounds, below the headings of their sections.
#[derive(Default)]
pub(crate) struct Table(Vec<(&'static str, Vec<Row>)>);

/// What a line of the table says, from left to right.
type Cells = [String; 6];

impl Table {
    /// What is added from now on stands below this heading.
    pub(crate) fn begin(&mut self, heading: &'static str) {
        self.0.push((heading, Vec::new()));
    }

    /// Takes the figure of one round down, and what it is measured against. A figure that is
    /// measured against several things has a row for each.
    pub(crate) fn add(&mut self, name: &str, value: f64, beside: Option<(&str, f64)>, bar: Bar) {
        let (_, rows) = self.0.last_mut().expect("a section has begun");
        let against = beside.map(|(against, _)| against);
        let at = rows.iter().position(|row| row.is(name, against)).unwrap_or_else(|| {
            let beside = against.map(|against| (against.to_owned(), Vec::new()));
            rows.push(Row { name: name.to_owned(), values: Vec::new(), beside, bar });
            rows.len() - 1
        });
        let row = &mut rows[at];
        row.values.push(value);
        if let (Some((_, values)), Some((_, value))) = (&mut row.beside, beside) {
            values.push(value);
        }
    }

    pub(crate) fn print(&self) {
        let head = ["", "median", "min to max", "beside", "ratio", "bar"].map(str::to_owned);
        let sections: Vec<(_, Vec<Cells>)> = self
            .0
            .iter()
            .map(|(heading, rows)| (heading, rows.iter().map(Row::cells).collect()))
            .collect();
        let mut widths = [0; 6];
        for cells in sections.iter().flat_map(|(_, lines)| lines).chain([&head]) {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = cell.chars().count().max(*width);
            }
        }
        print(&head, widths);
        for (heading, lines) in sections {
            println!("\n{heading}");
            lines.iter().for_each(|cells| print(cells, widths));
        }
    }
}

fn print(cells: &Cells, [name, median, span, beside, ratio, _]: [usize; 6]) {
    let [a, b, c, d, e, f] = cells;
    let line = format!("{a:name$}  {b:>median$}  {c:>span$}  {d:beside$}  {e:>ratio$}  {f}");
    println!("{}", line.trim_end());
}

impl Row {
    fn is(&self, name: &str, against: Option<&str>) -> bool {
        self.name == name && self.beside.as_ref().map(|(against, _)| against.as_str()) == against
    }

    fn cells(&self) -> Cells {
        let value = median(&self.values);
        let (min, max) = self
            .values
            .iter()
            .fold((f64::MAX, f64::MIN), |(min, max), value| (min.min(*value), max.max(*value)));
        // Of a single value it would say the same twice more.
        let span = match self.values.len() {
            1 => String::new(),
            _ => format!("{} to {}", digits(min), digits(max)),
        };
        let (beside, times) = match &self.beside {
            None => (String::new(), None),
            Some((name, values)) => {
                let other = median(values);
                (format!("{name} {}", digits(other)), (other > 0.0).then_some(value / other))
            }
        };
        let ratio = times.map_or_else(String::new, |times| format!("{times:.2}"));
        let verdict = self.verdict(value, times.unwrap_or(f64::NAN));
        [self.name.clone(), digits(value), span, beside, ratio, verdict]
    }

    fn verdict(&self, value: f64, times: f64) -> String {
        let say = |holds: bool| if holds { "ok" } else { "MISSED" };
        match self.bar {
            Bar::None => String::new(),
            Bar::AtLeast(bar) => format!("at least {bar}: {}", say(value >= bar)),
            Bar::AtMost(bar) => format!("at most {bar}: {}", say(value <= bar)),
            Bar::Below(bar) => format!("below {bar}: {}", say(value < bar)),
            Bar::HopedBelow if times < 1.0 => "hoped below 1 x: yes".to_owned(),
            Bar::HopedBelow => "hoped below 1 x: no".to_owned(),
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
