"""Libraries of hospitals, kitchens, museums, ports, farms and others, and what people type after an @ there.

None of it was there when the ranking was made.
"""

NAMES = """
Ward Round Checklist
Ward Staffing Rota
Patient Discharge Letters
Patient Falls 2022
Patient Falls 2023
Antibiotic Resistance Panel
Antibiotic Stewardship Minutes
Blood Pressure Readings
Blood Bank Inventory
Emergency Room Wait Times
Electrocardiogram Traces
ICU Bed Availability
Intensive Care Mortality
MRI Scan Backlog
Vaccination Coverage by District
Vaccine Cold Chain Log
Hand Hygiene Audit
Ophthalmology Referrals
Physiotherapy Exercises
Pharmacy Stock Levels
Pharmacokinetics Simulation
Psychiatric Intake Form
Paediatric Dosage Table
Paediatric Asthma Pathway
Rheumatoid Arthritis Cohort
Haemoglobin Distribution
Chest X-Ray Findings
COVID-19 Case Curve
Length of Stay by Diagnosis
Surgical Site Infections
Sourdough Starter Schedule
Sourdough Hydration Chart
Rye Bread Recipe
Croissant Lamination Steps
Allergen Matrix
Menu Engineering Worksheet
Food Cost per Plate
Wine List Summer
Wine List Winter
Supplier Price List
Kitchen Prep List
Mise en Place Diagram
Table Reservations Friday
Table Reservations Saturday
Tip Pool Calculation
Health Inspection Score
Chocolate Tempering Curve
Coffee Roast Profiles
Espresso Extraction Yield
Vegan Options
Smörgåsbord plan
Crème brûlée batch test
Jalapeño heat ratings
Gnocchi & Pasta Yields
Fish & Chips Sales
Museum Visitor Counts
Exhibition Floor Plan
Exhibition Loan Agreements
Accession Register
Conservation Treatment Report
Provenance Research Notes
Manuscript Digitisation Queue
Photograph Catalogue 1890-1914
Oral History Transcripts
Archive Box Labels
Ticket Revenue by Day
Guided Tour Schedule
Deaccession Proposals
Bronze Age Finds
Iron Age Finds
Radiocarbon Dates
Pottery Typology
Excavation Trench 7
Excavation Trench 17
Stratigraphy Section Drawing
Crop Rotation Plan
Crop Yield Estimates
Soil Moisture Sensors
Soil pH Map
Irrigation Schedule
Fertiliser Application Rates
Wheat Futures
Wheat Rust Outbreak
Dairy Herd Records
Milk Yield per Cow
Lambing Season Tally
Beehive Weights
Tractor Fuel Consumption
Tractor Maintenance Log
Greenhouse Climate
Seed Germination Trial
Harvest Weather Window
Vineyard Block Survey
Olive Oil Acidity
Pesticide Residues
Container Throughput
Container Dwell Time
Berth Allocation Plan
Bill of Lading Template
Customs Declarations March
Customs Declarations May
Vessel Arrival Forecast
Vessel Positions
Ballast Water Log
Crane Productivity
Demurrage Charges
Bunker Fuel Prices
Tide Tables
Port State Control Findings
Dangerous Goods Manifest
Freight Rate Index
Estimated Time of Arrival Errors
Orchestra Seating Chart
Orchestra Rehearsal Times
String Quartet Parts
Concert Programme Notes
Season Subscription Renewals
Violin Section Auditions
Percussion Inventory
Choir Attendance
Tempo Markings Study
Chord Progressions
Symphony No. 5 Bowings
Symphony No. 9 Bowings
Royalty Statement H1
Royalty Statement H2
Setlist Berlin
Piano Tuning Calendar
Instrument Insurance Values
Audio Loudness Report
Timetable Year 7
Timetable Year 8
Timetable Year 11
Exam Results by Subject
Exam Seating Plan
Reading Age Assessments
School Bus Routes
Parents' Evening Appointments
Library Overdue Books
Gradebook Algebra II
Gradebook Geometry
Lesson Plan: Photosynthesis
Lesson Plan: Fractions
Scholarship Applicants
Dissertation Progress
Dissertation Defence Slides
Peer Review Assignments
Syllabus Linguistics 101
Syllabus Philosophy 201
Alumni Donations
Dormitory Allocation
Plagiarism Check Results
Student Satisfaction Scores
Concrete Pour Log
Concrete Strength Tests
Scaffold Inspection
Steel Beam Schedule
Bill of Quantities
Building Information Model Export
Fire Door Survey
Lift Maintenance Contract
Site Diary Week 12
Site Diary Week 21
Snag List Tower A
Snag List Tower B
Rebar Bending Schedule
Retaining Wall Calculation
HVAC Duct Layout
Plumbing Riser Diagram
Subcontractor Valuations
Method Statement Demolition
Asbestos Register
Noise Monitoring Night Shift
Planning Permission Conditions
Foundation Settlement Readings
Deposition Summary Hargreaves
Discovery Document Index
Case Chronology
Billable Hours per Associate
Retainer Agreement
Power of Attorney Draft
Witness Statement Okafor
Expert Witness Fees
Court Filing Deadlines
Lease Abstract
Trademark Watch Report
Patent Prior Art Search
Settlement Offer Model
Conflict of Interest Check
Statute of Limitations Table
Merger Clearance Timeline
Player Heart Rates
Player Transfer Values
Match Schedule Spring
Match Schedule Autumn
League Table
Goalkeeper Distribution
Expected Goals Model
Marathon Split Times
Training Load per Week
Injury Report
Swimming Lane Bookings
Season Ticket Holders
Scouting Shortlist
Stadium Turnstile Data
Cycling Power Curve
Rowing Ergometer Scores
Referee Assignments
Exoplanet Candidates
Exoplanet Transit Light Curves
Variable Star Observations
Telescope Time Allocation
Galaxy Redshift Survey
Gravitational Wave Strain
Solar Flare Catalogue
Near Earth Objects
Spectrograph Calibration Lamp
Cosmic Ray Flux
Pulsar Timing Residuals
Meteor Shower Counts
Council Meeting Agenda
Council Tax Bands
Parking Permit Applications
Pothole Repairs
Recycling Tonnage
Streetlight Outages
Noise Complaints
Planning Committee Votes
Bus Lane Enforcement
Public Consultation Responses
Playground Safety Inspection
Flood Risk Zones
Tree Preservation Orders
Allotment Waiting List
Library Opening Hours
Electoral Roll Statistics
Phylogenetic Tree Primates
Phylogeny Bootstrap Values
Gene Expression Heatmap
CRISPR Guide Design
Chromatogram Peak Areas
Titration Curve
Mass Spectrometry Peaks
Nuclear Magnetic Resonance Spectra
Protein Folding Trajectories
Western Blot Quantification
Polymerase Chain Reaction Cycles
Zebrafish Behaviour
Microscope Image Stack
Hypothermia Survival
Synthesis Route Aspirin
Crystal Structure Lysozyme
Freezer Sample Inventory
Wind Farm Output
Wind Turbine Vibration
Solar Panel Degradation
Grid Frequency Events
Transformer Oil Analysis
Smart Meter Readings
Peak Demand Forecast
Battery State of Charge
Substation Outage Log
Heat Pump Trials
Gas Storage Levels
Carbon Intensity per kWh
P&L Summary
P&L Bridge
D&D Campaign Notes
R&D Tax Credit Claim
M&A Pipeline
Q&A Log All Hands
T&E Policy
H&S Incident Register
Bed & Breakfast Occupancy
Terms & Conditions
UPC Barcode Lookup
Upcoming Events
Upcycling Workshop
VAR Model Inflation
Variance Explained
Variant Calling Pipeline
CAC by Channel
Cactus Greenhouse
VAT Return Q2
Vat Cleaning Rota
ARR Waterfall
Arrivals Board
Arrears Letters
SLA Breaches
Slack Export
EBITDA Bridge
CPI Basket Weights
ROI Calculator
Roi Soleil Exhibition
Passenger Load Factor
Flight Delays 2019
Flight Delays 2020
Hotel Occupancy Rate
Itinerary Kyoto & Osaka
Visa Requirements
Lost Luggage Claims
Currency Conversion
Airport Slot Requests
Cruise Excursions
Family Tree Lindqvist
Parish Register Baptisms
Census 1911 Households
DNA Match Segments
Emigrant Ship Lists
ward_round.xlsx
pulsar_fold.py
trench7_plan.svg
roast-profile-ethiopia.csv
bowings_v2_final.pdf
parseGedcomFile
TideTableParser
fetchVesselPositions
2024-02-29 Lab Notebook
2024-03-01 Lab Notebook
Phase II Trial Protocol
Phase III Trial Protocol
World War I Letters
World War II Letters
Élèves inscrits 2024
Bulletin trimestriel
Recettes de pâtisserie
Müllabfuhr Termine
Straßenbahn Fahrplan
Größentabelle Schuhe
Übungsblatt Stochastik
Análisis de suelos
Niños vacunados
Cosecha de café
Inscrições abertas
Relação de alunos
Perché i clienti tornano
Öğrenci listesi
Şarap üretimi
Świadectwa szkolne
Grafik dyżurów łóżkowych
Žáci podle tříd
Lịch trực bệnh viện
Danh sách học sinh
Расписание занятий
Журнал посещаемости
Урожайность пшеницы
Κατάλογος μουσείου
Πρόγραμμα μαθημάτων
جدول الحصص
قائمة المرضى
מערכת שעות
רשימת מטופלים
मरीज़ों की सूची
तापमान रिकॉर्ड
ตารางเรียน
รายชื่อผู้ป่วย
学生成绩表
课程安排
病人名单
药品库存
展览参观人数
土壤检测报告
港口吞吐量
音乐会节目单
學生名冊
圖書館開放時間
醫院排班表
農產品價格
會議室預約
颱風路徑圖
時間割 1年生
成績一覧
患者リスト
シフト表
コンサート プログラム
ワイン在庫
ひまわり観察日記
さくら開花予想
カフェメニュー
입원 환자 명단
시간표
공연 일정
수확량 통계
Meeting notes 📝 choir
🐝 Swarm log
Invoice #1042 Cello Repair
Invoice #1043 Bow Rehair
Room 101 Bookings
Room 201 Bookings
Aircraft Maintenance Schedule
Airworthiness Directives
Animal Shelter Intake
Aquarium Water Chemistry
Avalanche Bulletin Archive
Ballet Costume Inventory
Beach Litter Survey
Bee Pollen Analysis
Biodiversity Net Gain
Bird Ringing Records
Bookbinding Supplies
Brewery Batch Records
Bridge Load Ratings
Broadcast Rights Overview
Bullion Holdings
Call Centre Volumes
Candle Burn Tests
Cash & Carry Orders
Ceramic Glaze Recipes
Charity Gala Seating
Cheese Ageing Cave
Cinema Box Office
Coastal Erosion Transects
Coin Collection Grades
Community Garden Plots
Crossword Clues Draft
Customs & Excise Rates
Cybersecurity Awareness Quiz
Dental Recall List
Dog Agility Results
Drone Survey Quarry
Dyslexia Screening
E. coli Counts
Earthworm Census
Election Poll Tracker
Embassy Contact Sheet
Energy Performance Certificates
EV Charger Locations
Evacuation Drill Times
Everest Permit Numbers
Fashion Week Lookbook
Fashion Week Budget
Feed Conversion Ratio
Ferry Timetable Winter
Film Shot List
Film Storyboard Act 1
Film Storyboard Act 3
Fisheries Quota
Fleet Tyre Replacement
Food & Beverage Margin
Forest Fire Perimeters
Fuel Hedging Strategy
Furniture Catalogue
Garden Centre Footfall
GDP Growth by Quarter
Geothermal Well Logs
Glacier Mass Balance
GPS Tracks Pilgrimage
Guitar Pedal Schematics
Gymnasium Memberships
Hairdresser Bookings
Hedgehog Sightings
Horoscope Archive
Horse Racing Odds
Housing Benefit Claims
HR Headcount
Hurricane Landfall Models
Hydroelectric Dam Levels
Ice Cream Flavours Poll
Insurance Loss Ratio
IPO Prospectus Draft
IPA Brewing Log
IQ Test Norms
Jewellery Appraisals
Judo Grading Results
Key Performance Indicators Depot
Kindergarten Places
Kite Festival Budget
Knitting Pattern Raglan
KYC Onboarding Checks
Landslide Susceptibility
Laundry Turnaround
LIDAR Point Cloud
Lighthouse Visits
Livestock Auction Prices
Loan-to-Value Distribution
LTV by Segment
Lunar Eclipse Dates
Mail Merge Addresses
Mechanical & Electrical Works
Metro Ridership
Minimum Viable Product Scope
Mortality Tables 2020
Mortality Tables 2021
Mushroom Identification Key
NDA Signatories
Nurse-to-Patient Ratio
Nursery Waiting List
Obituary Index
Ocean Buoy Temperatures
Oil & Gas Reserves
Optician Frame Stock
OTIF Delivery Score
On-Time Departures
Paint Colour Chart
Parcel Sorting Errors
Pawn Shop Ledger
Pension Fund Allocation
Perfume Accords
Pest Control Visits
Pharaoh Dynasty List
Physics Olympiad Scores
Pizza Dough Scaling
Podcast Episode Transcripts
Polar Bear Sightings
Probate Valuations
Puppet Theatre Scripts
Quarry Blasting Log
Quiz Night Questions
Railway Signal Failures
Rainfall Anomalies
REM Sleep Durations
Remittance Flows
Rent Roll Q2 2024
Rent Roll Q3 2024
Rhyme Dictionary
Rhinoceros Census
RFQ Machined Parts
RFID Tag Reads
Sailing Regatta Results
Salmon Run Counts
Schengen Visa Days
Seismograph Readings
Sewage Overflow Events
Ski Lift Queues
Sleep Apnoea Study
SMS Campaign Replies
Smoke Detector Checks
Sommelier Exam Notes
Spice Blend Costs
Stamp Album Index
Standard Operating Procedure Autoclave
Statement of Work Refit
Submarine Cable Faults
Swim Lane Diagram
Taxi Fare Zones
Tea Tasting Notes
Tennis Ranking Points
Theatre Lighting Plot
Toll Booth Receipts
Total Cost of Ownership Vans
Tsunami Buoy Alerts
Typhoid Outbreak Map
Umbrella Rentals
University Ranking Inputs
Upholstery Fabric Samples
UV Index Records
Veterinary Visits
Video Game Speedruns
Violin Making Diary
Volcano Alert Levels
Volunteer Shift Swap
VPN Access Requests
Warranty Claims Rate
Wedding Guest List
Wetland Bird Counts
Whale Song Spectrogram
Wi-Fi Coverage
Window Cleaning Round
Wool Clip Grades
Work in Progress Report
Xylophone Repertoire
Yacht Charter Rates
Yield Curve Fit
Yoga Class Attendance
Zoning Appeals
Zoo Feeding Times
Écoles maternelles
Fréquentation des musées
Bühnenbild Entwürfe
Prüfprotokoll Aufzug
Jährliche Überprüfung
Señales de tráfico
Coração fetal medições
Ålesund ferry
Żółw tracking
Đơn đặt hàng
Çalışma saatleri
Погода на неделю
Отчёт о рейсах
Δρομολόγια πλοίων
لائحة الأسعار
מחירון קיץ
火车时刻表
酒店入住率
菜单价格
选举民调
天气预报 上海
動物園門票
書店銷售
觀光人數統計
飛機維修紀錄
ホテル稼働率
ラーメン店舗一覧
雨量データ
とけい修理台帳
운송 일정표
날씨 예보
영화 관객수
whale_song.wav
box-office-2024.xlsx
glacierMassBalance.ipynb
HTTPProxyStats
v2 Ferry Timetable
""".strip().splitlines()
_TABLE = """
exact | icu bed availability | ICU Bed Availability
exact | tide tables | Tide Tables
exact | p&l summary | P&L Summary
exact | ward_round.xlsx | ward_round.xlsx
prefix | sourdough h | Sourdough Hydration Chart
prefix | exopl | Exoplanet Candidates
prefix | photogr | Photograph Catalogue 1890-1914
prefix | bill of q | Bill of Quantities
prefix | grav | Gravitational Wave Strain
prefix | lesson plan fr | Lesson Plan: Fractions
prefix | symphony no 9 | Symphony No. 9 Bowings
word | dwell | Container Dwell Time
word | turbine | Wind Turbine Vibration
word | okafor | Witness Statement Okafor
word | kyoto | Itinerary Kyoto & Osaka
word | barcode | UPC Barcode Lookup
word | gedcom | parseGedcomFile
word | vessel positions | Vessel Positions
word | photosynthesis | Lesson Plan: Photosynthesis
word | quartet | String Quartet Parts
ampersand | pnl | P&L Summary
ampersand | pnl bridge | P&L Bridge
ampersand | p and l bridge | P&L Bridge
ampersand | pl bridge | P&L Bridge
ampersand | dnd | D&D Campaign Notes
ampersand | d&d | D&D Campaign Notes
ampersand | dd campaign | D&D Campaign Notes
ampersand | d and d | D&D Campaign Notes
ampersand | r&d | R&D Tax Credit Claim
ampersand | rnd tax | R&D Tax Credit Claim
ampersand | m&a | M&A Pipeline
ampersand | q&a | Q&A Log All Hands
ampersand | qna log | Q&A Log All Hands
ampersand | t&e | T&E Policy
ampersand | h&s register | H&S Incident Register
ampersand | b&b | Bed & Breakfast Occupancy
ampersand | bed and breakfast | Bed & Breakfast Occupancy
ampersand | bnb occupancy | Bed & Breakfast Occupancy
ampersand | terms and conditions | Terms & Conditions
ampersand | t&c | Terms & Conditions
ampersand | fish n chips | Fish & Chips Sales
ampersand | gnocchi and pasta | Gnocchi & Pasta Yields
ampersand | oil and gas | Oil & Gas Reserves
ampersand | o&g | Oil & Gas Reserves
ampersand | f&b | Food & Beverage Margin
ampersand | fnb margin | Food & Beverage Margin
ampersand | m&e works | Mechanical & Electrical Works
ampersand | cash n carry | Cash & Carry Orders
ampersand | c&e rates | Customs & Excise Rates
ampersand | customs and excise | Customs & Excise Rates
short | upc | UPC Barcode Lookup
short | var | VAR Model Inflation
short | cac | CAC by Channel
short | vat | VAT Return Q2
short | arr | ARR Waterfall
short | sla | SLA Breaches
short | cpi | CPI Basket Weights
short | roi | ROI Calculator
short | icu | ICU Bed Availability
short | mri | MRI Scan Backlog
short | tip | Tip Pool Calculation
short | rye | Rye Bread Recipe
short | dna | DNA Match Segments
short | gas | Gas Storage Levels
short | bus lane | Bus Lane Enforcement
short | hvac | HVAC Duct Layout
short | ipo | IPO Prospectus Draft
short | ipa | IPA Brewing Log
short | gdp | GDP Growth by Quarter
short | hr | HR Headcount
short | ev | EV Charger Locations
short | rem | REM Sleep Durations
short | nda | NDA Signatories
short | uv | UV Index Records
short | key | Key Performance Indicators Depot
short | ltv | LTV by Segment
short | tea | Tea Tasting Notes
short | zoo | Zoo Feeding Times
short | vpn | VPN Access Requests
short | sms | SMS Campaign Replies
short | ski | Ski Lift Queues
short | rent | Rent Roll Q2 2024
initials | eta | Estimated Time of Arrival Errors
initials | bol | Bill of Lading Template
initials | boq | Bill of Quantities
initials | poa | Power of Attorney Draft
initials | bim | Building Information Model Export
initials | los | Length of Stay by Diagnosis
initials | ssi | Surgical Site Infections
initials | nmr | Nuclear Magnetic Resonance Spectra
initials | psc | Port State Control Findings
initials | neo | Near Earth Objects
initials | dgm | Dangerous Goods Manifest
initials | coi | Conflict of Interest Check
initials | tta | Telescope Time Allocation
initials | msd | Method Statement Demolition
initials | fcp | Food Cost per Plate
initials | ptv | Player Transfer Values
initials | ftl | Family Tree Lindqvist
initials | kpi | Key Performance Indicators Depot
initials | sop | Standard Operating Procedure Autoclave
initials | sow | Statement of Work Refit
initials | tco | Total Cost of Ownership Vans
initials | mvp | Minimum Viable Product Scope
initials | fcr | Feed Conversion Ratio
initials | wip | Work in Progress Report
initials | bng | Biodiversity Net Gain
initials | epc | Energy Performance Certificates
initials | ycf | Yield Curve Fit
typo | pharmocy stock | Pharmacy Stock Levels
typo | antibotic | Antibiotic Resistance Panel
typo | sourdoh starter | Sourdough Starter Schedule
typo | croisant | Croissant Lamination Steps
typo | itinery | Itinerary Kyoto & Osaka
typo | manuscrpt | Manuscript Digitisation Queue
typo | irigation | Irrigation Schedule
typo | fertilizer | Fertiliser Application Rates
typo | demurage | Demurrage Charges
typo | orchesta seating | Orchestra Seating Chart
typo | rehersal | Orchestra Rehearsal Times
typo | percusion | Percussion Inventory
typo | sylabus | Syllabus Linguistics 101
typo | scafold | Scaffold Inspection
typo | asbestus | Asbestos Register
typo | desposition | Deposition Summary Hargreaves
typo | pattent | Patent Prior Art Search
typo | goalkeper | Goalkeeper Distribution
typo | galaxie | Galaxy Redshift Survey
typo | lugage | Lost Luggage Claims
typo | accesion | Accession Register
typo | plagarism | Plagiarism Check Results
typo | dormatory | Dormitory Allocation
typo | referree | Referee Assignments
typo | wether window | Harvest Weather Window
typo | strenght | Concrete Strength Tests
typo | gren house | Greenhouse Climate
typo | vinyard | Vineyard Block Survey
typo | potery | Pottery Typology
typo | mirco | Microscope Image Stack
typo | avalanch buletin | Avalanche Bulletin Archive
typo | biodiverstiy | Biodiversity Net Gain
typo | ceremic | Ceramic Glaze Recipes
typo | cybersecurty | Cybersecurity Awareness Quiz
typo | eathworm | Earthworm Census
typo | emabssy | Embassy Contact Sheet
typo | evacuaton | Evacuation Drill Times
typo | gymnaisum | Gymnasium Memberships
typo | hurricaine | Hurricane Landfall Models
typo | jewelery | Jewellery Appraisals
typo | lighhouse | Lighthouse Visits
typo | mushrom | Mushroom Identification Key
typo | obitury | Obituary Index
typo | podacst | Podcast Episode Transcripts
typo | rainfal | Rainfall Anomalies
typo | remitance | Remittance Flows
typo | volcanoe | Volcano Alert Levels
typo | weding guest | Wedding Guest List
typo | waranty | Warranty Claims Rate
typo | yaht | Yacht Charter Rates
typo | zonning | Zoning Appeals
transposition | crpo rotation | Crop Rotation Plan
transposition | vesesl arrival | Vessel Arrival Forecast
transposition | wien list winter | Wine List Winter
transposition | mlik yield | Milk Yield per Cow
transposition | espresos | Espresso Extraction Yield
transposition | symhpony | Symphony No. 5 Bowings
transposition | pothoel | Pothole Repairs
transposition | tdie | Tide Tables
transposition | leauge | League Table
transposition | mraathon | Marathon Split Times
transposition | zebrafihs | Zebrafish Behaviour
transposition | lmabing | Lambing Season Tally
transposition | choir attednance | Choir Attendance
transposition | gliacer | Glacier Mass Balance
transposition | brewrey | Brewery Batch Records
transposition | fisehries | Fisheries Quota
transposition | taix fare | Taxi Fare Zones
transposition | slamon | Salmon Run Counts
transposition | metor | Metro Ridership
by ear | filogenetic | Phylogenetic Tree Primates
by ear | farmacy | Pharmacy Stock Levels
by ear | fisiotherapy | Physiotherapy Exercises
by ear | opthalmology | Ophthalmology Referrals
by ear | simfony | Symphony No. 5 Bowings
by ear | sinthesis | Synthesis Route Aspirin
by ear | cristal | Crystal Structure Lysozyme
by ear | kromatogram | Chromatogram Peak Areas
by ear | romatoid | Rheumatoid Arthritis Cohort
by ear | hemoglobin | Haemoglobin Distribution
by ear | pediatric asthma | Paediatric Asthma Pathway
by ear | nocchi | Gnocchi & Pasta Yields
by ear | jalapenyo | Jalapeño heat ratings
by ear | sykiatric | Psychiatric Intake Form
by ear | quire attendance | Choir Attendance
by ear | kwartet | String Quartet Parts
by ear | hipothermia | Hypothermia Survival
by ear | seismograf | Seismograph Readings
by ear | tsounami | Tsunami Buoy Alerts
by ear | sunami | Tsunami Buoy Alerts
by ear | tifoid | Typhoid Outbreak Map
by ear | rinoceros | Rhinoceros Census
by ear | faraoh | Pharaoh Dynasty List
by ear | fisics olympiad | Physics Olympiad Scores
by ear | zylophone | Xylophone Repertoire
by ear | disleksia | Dyslexia Screening
by ear | somelier | Sommelier Exam Notes
by ear | aquarium kemistry | Aquarium Water Chemistry
by ear | sleep apnea | Sleep Apnoea Study
by ear | theater lighting | Theatre Lighting Plot
by ear | tire replacement | Fleet Tyre Replacement
by ear | jewelry | Jewellery Appraisals
accents | smorgasbord | Smörgåsbord plan
accents | creme brulee | Crème brûlée batch test
accents | eleves | Élèves inscrits 2024
accents | muellabfuhr | Müllabfuhr Termine
accents | strassenbahn | Straßenbahn Fahrplan
accents | groessentabelle | Größentabelle Schuhe
accents | analisis suelos | Análisis de suelos
accents | ninos | Niños vacunados
accents | inscricoes | Inscrições abertas
accents | ogrenci | Öğrenci listesi
accents | swiadectwa | Świadectwa szkolne
accents | lozkowych | Grafik dyżurów łóżkowych
accents | lich truc | Lịch trực bệnh viện
accents | danh sach | Danh sách học sinh
accents | perche i clienti | Perché i clienti tornano
accents | ecoles | Écoles maternelles
accents | buhnenbild | Bühnenbild Entwürfe
accents | pruefprotokoll | Prüfprotokoll Aufzug
accents | senales | Señales de tráfico
accents | coracao | Coração fetal medições
accents | alesund | Ålesund ferry
accents | zolw | Żółw tracking
accents | don dat hang | Đơn đặt hàng
accents | calisma | Çalışma saatleri
accents | отчет о рейсах | Отчёт о рейсах
other scripts | расписание | Расписание занятий
other scripts | посещаемость | Журнал посещаемости
other scripts | пшеници | Урожайность пшеницы
other scripts | μουσειου | Κατάλογος μουσείου
other scripts | جدول | جدول الحصص
other scripts | المرضى | قائمة المرضى
other scripts | שעות | מערכת שעות
other scripts | मरीज | मरीज़ों की सूची
other scripts | เรียน | ตารางเรียน
other scripts | погода | Погода на неделю
other scripts | πλοιων | Δρομολόγια πλοίων
other scripts | الأسعار | لائحة الأسعار
other scripts | קיץ | מחירון קיץ
CJK | 成绩 | 学生成绩表
CJK | 成绩学生 | 学生成绩表
CJK | 名单病人 | 病人名单
CJK | 库存药品 | 药品库存
CJK | 报告 土壤 | 土壤检测报告
CJK | 吞吐量 | 港口吞吐量
CJK | 節目單 | 音乐会节目单
CJK | 学生名册 | 學生名冊
CJK | 图书馆 | 圖書館開放時間
CJK | 医院排班 | 醫院排班表
CJK | 台风 | 颱風路徑圖
CJK | 會議 | 會議室預約
CJK | 农产品价格 | 農產品價格
CJK | 药库 | 药品库存
CJK | 課程安排 | 课程安排
CJK | 時間割 | 時間割 1年生
CJK | こんさーと | コンサート プログラム
CJK | ﾜｲﾝ在庫 | ワイン在庫
CJK | ヒマワリ | ひまわり観察日記
CJK | サクラ開花 | さくら開花予想
CJK | メニュー | カフェメニュー
CJK | 환자 | 입원 환자 명단
CJK | 일정 공연 | 공연 일정
CJK | 수확 | 수확량 통계
CJK | シフト | シフト表
CJK | 时刻表 | 火车时刻表
CJK | 火車時刻 | 火车时刻表
CJK | 入住率酒店 | 酒店入住率
CJK | 上海天气 | 天气预报 上海
CJK | 门票 | 動物園門票
CJK | 飞机维修 | 飛機維修紀錄
CJK | 书店销售 | 書店銷售
CJK | 统计观光 | 觀光人數統計
CJK | 价格菜单 | 菜单价格
CJK | らーめん | ラーメン店舗一覧
CJK | ﾎﾃﾙ稼働率 | ホテル稼働率
CJK | トケイ | とけい修理台帳
CJK | データ雨量 | 雨量データ
CJK | 예보 날씨 | 날씨 예보
CJK | 영화관객 | 영화 관객수
order | rotation crop | Crop Rotation Plan
order | prices bunker | Bunker Fuel Prices
order | audit hand hygiene | Hand Hygiene Audit
order | winter wine | Wine List Winter
order | values transfer player | Player Transfer Values
order | check plagiarism | Plagiarism Check Results
order | berlin setlist | Setlist Berlin
order | trial heat pump | Heat Pump Trials
order | tower b snag | Snag List Tower B
order | kyoto itinerary | Itinerary Kyoto & Osaka
order | register asbestos | Asbestos Register
order | lane swim | Swim Lane Diagram
order | odds horse | Horse Racing Odds
order | winter ferry | Ferry Timetable Winter
order | points ranking tennis | Tennis Ranking Points
order | budget fashion | Fashion Week Budget
order | log ipa | IPA Brewing Log
numbers | trench 7 | Excavation Trench 7
numbers | trench 17 | Excavation Trench 17
numbers | year 11 | Timetable Year 11
numbers | falls 2023 | Patient Falls 2023
numbers | room 201 | Room 201 Bookings
numbers | #1043 | Invoice #1043 Bow Rehair
numbers | 1042 | Invoice #1042 Cello Repair
numbers | week 21 | Site Diary Week 21
numbers | phase iii | Phase III Trial Protocol
numbers | phase 3 trial | Phase III Trial Protocol
numbers | ww2 | World War II Letters
numbers | world war 1 | World War I Letters
numbers | delays 2020 | Flight Delays 2020
numbers | 2024-03-01 | 2024-03-01 Lab Notebook
numbers | symphony 5 | Symphony No. 5 Bowings
numbers | royalty h2 | Royalty Statement H2
numbers | algebra 2 | Gradebook Algebra II
numbers | census 1911 | Census 1911 Households
numbers | rent roll q3 | Rent Roll Q3 2024
numbers | mortality 2021 | Mortality Tables 2021
numbers | act 3 | Film Storyboard Act 3
numbers | storyboard iii | Film Storyboard Act 3
numbers | box office 2024 | box-office-2024.xlsx
abbreviation | ins values | Instrument Insurance Values
abbreviation | ecg | Electrocardiogram Traces
abbreviation | resvtn fri | Table Reservations Friday
abbreviation | maint log | Tractor Maintenance Log
abbreviation | sched irr | Irrigation Schedule
abbreviation | xray | Chest X-Ray Findings
abbreviation | x ray | Chest X-Ray Findings
abbreviation | covid | COVID-19 Case Curve
abbreviation | cncl mtg | Council Meeting Agenda
abbreviation | ctnr throughput | Container Throughput
abbreviation | psngr load | Passenger Load Factor
abbreviation | dissdef | Dissertation Defence Slides
abbreviation | swarm | 🐝 Swarm log
abbreviation | redshft | Galaxy Redshift Survey
abbreviation | wifi | Wi-Fi Coverage
abbreviation | e coli | E. coli Counts
abbreviation | acft maint | Aircraft Maintenance Schedule
abbreviation | vet visits | Veterinary Visits
abbreviation | hydro dam | Hydroelectric Dam Levels
abbreviation | sigs nda | NDA Signatories
beginnings | con str | Concrete Strength Tests
beginnings | gal red sur | Galaxy Redshift Survey
beginnings | wind tur | Wind Turbine Vibration
beginnings | pat dis | Patient Discharge Letters
beginnings | exc tr 17 | Excavation Trench 17
beginnings | ol oil | Olive Oil Acidity
beginnings | gar cen foo | Garden Centre Footfall
beginnings | loan val | Loan-to-Value Distribution
beginnings | pen fun al | Pension Fund Allocation
joined, split | green house | Greenhouse Climate
joined, split | light curves exo planet | Exoplanet Transit Light Curves
joined, split | street light | Streetlight Outages
joined, split | heatpump | Heat Pump Trials
joined, split | bee hive | Beehive Weights
joined, split | timetables | Timetable Year 7
joined, split | tidetable | Tide Tables
joined, split | floodrisk | Flood Risk Zones
joined, split | busroutes | School Bus Routes
joined, split | vessel arival forcast | Vessel Arrival Forecast
joined, split | set list | Setlist Berlin
joined, split | play ground | Playground Safety Inspection
joined, split | light house | Lighthouse Visits
joined, split | icecream | Ice Cream Flavours Poll
joined, split | cross word | Crossword Clues Draft
joined, split | look book | Fashion Week Lookbook
joined, split | http proxy | HTTPProxyStats
"""
QUERIES = [tuple(part.strip() for part in line.split(" | ")) for line in _TABLE.strip().splitlines()]
