SELECT
    serial, id, name, email, phone_number, website, logo, address, jurisdiction, use_stefan,
    default_pay_delay_us, default_refund_delay_us, default_wire_transfer_delay_us,
    wire_transfer_rounding, time_zone, day_end_hour,
    iif(deletion = 0, private_key, NULL) AS private_key, public_key, password_hash, created_at_s
FROM instances
