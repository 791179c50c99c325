INSERT INTO units (
    instance_serial, unit, name_long, name_short, name_long_i18n, name_short_i18n, allow_fraction, precision_level,
    is_active
)
VALUES (
    :instance, :unit, :name_long, :name_short, :name_long_i18n, :name_short_i18n, :allow_fraction, :precision,
    :is_active
)
ON CONFLICT (instance_serial, unit) DO UPDATE SET
    name_long = excluded.name_long, name_short = excluded.name_short, name_long_i18n = excluded.name_long_i18n,
    name_short_i18n = excluded.name_short_i18n, allow_fraction = excluded.allow_fraction,
    precision_level = excluded.precision_level, is_active = excluded.is_active
