INSERT INTO instances (
    id, name, email, phone_number, website, logo, address, jurisdiction, use_stefan,
    default_pay_delay_us, default_refund_delay_us, default_wire_transfer_delay_us,
    wire_transfer_rounding, time_zone, day_end_hour, private_key, public_key, password_hash, created_at_s
) VALUES (
    :id, :name, :email, :phone_number, :website, :logo, :address, :jurisdiction, :use_stefan,
    :default_pay_delay_us, :default_refund_delay_us, :default_wire_transfer_delay_us,
    :wire_transfer_rounding, :time_zone, :day_end_hour, :private_key, :public_key, :password_hash,
    :created_at_s
)
ON CONFLICT (id) DO NOTHING
