SELECT
    unit, name_long, name_short, name_long_i18n, name_short_i18n, allow_fraction, precision_level, is_active
FROM units
