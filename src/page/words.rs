//! THE table of texts, each in English and German. Whoever adds a text adds it in both.
//!
//! `{}` stands for what is put in, from left to right; see [`filled`].

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident: $english:literal, $german:literal;)*) => {
        /// Every text of our pages, in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "a text says itself what it says")]
        pub struct Words {
            $($(#[$doc])* pub $name: &'static str,)*
        }

        /// The texts in English.
        pub static ENGLISH: Words = Words { $($name: $english,)* };
        /// The texts in German.
        pub static GERMAN: Words = Words { $($name: $german,)* };

        #[cfg(test)]
        const PAIRS: &[(&str, &str, &str)] = &[$((stringify!($name), $english, $german),)*];
    };
}

words! {
    // Times.
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

    // Refusals.
    not_found_title: "There is nothing here", "Hier ist nichts";
    not_found: "Perhaps the link is incomplete, or what it led to is no longer there. Please ask the shop.",
        "Vielleicht ist der Link unvollständig, oder es gibt nicht mehr, wohin er führte. Bitte fragen Sie im Laden.";
    gone_title: "This is over", "Das ist vorbei";
    gone: "What this link led to can no longer be had. Please ask the shop.",
        "Wohin dieser Link führte, das gibt es nicht mehr. Bitte fragen Sie im Laden.";
    refused_title: "That did not work", "Das ging nicht";
    refused: "The till could not make sense of this request. Please go back and try again.",
        "Die Kasse konnte mit dieser Anfrage nichts anfangen. Bitte gehen Sie zurück und versuchen Sie es noch einmal.";
    broken_title: "Something is wrong here", "Hier stimmt etwas nicht";
    broken: "The till cannot answer at the moment. Nothing is lost; please try again in a while.",
        "Die Kasse kann im Augenblick nicht antworten. Nichts ist verloren; bitte versuchen Sie es in einer Weile noch einmal.";
}

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
