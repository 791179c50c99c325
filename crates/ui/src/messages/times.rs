//! Times.

macro_rules! times_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            never:   "never",   "nie";
            forever: "forever", "für immer";
            second:  "second",  "Sekunde";
            seconds: "seconds", "Sekunden";
            minute:  "minute",  "Minute";
            minutes: "minutes", "Minuten";
            hour:    "hour",    "Stunde";
            hours:   "hours",   "Stunden";
            day:     "day",     "Tag";
            days:    "days",    "Tage";
        }
    };
}
