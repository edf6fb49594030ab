"""The library of a team that works in many languages: over 500 names as people and agents give them."""

_LATIN = """
Customer Segmentation Query
Customer Segmentation Results
Customer Churn Prediction
Customer Churn Dashboard
Customer Lifetime Value by Cohort
Customer Support Tickets Q1
Customer Support Tickets Q2
Customer Satisfaction Survey 2023
Customer Satisfaction Survey 2024
Customer Interview Notes
Customer Onboarding Checklist
Customer Journey Map
Customers by Region
Customers by Country
Top 50 Customers
Q1 Sales Report
Q2 Sales Report
Q3 Sales Report
Q4 Sales Report
Q4 Sales Chart
Q4 Sales Forecast
Q4 Board Deck
Quarterly Revenue Summary
Quarterly Business Review
Quarterly Hiring Plan
Quarterly Tax Estimate
Annual Report 2021
Annual Report 2022
Annual Report 2023
Annual Report 2024
Annual Security Audit
Annual Leave Calendar
Monthly Active Users
Monthly Recurring Revenue
Monthly Newsletter Draft
Monthly Close Checklist
Weekly Active Users
Weekly Standup Notes
Weekly Metrics Email
Daily Active Users
Daily Orders by Warehouse
Daily Backup Log
Revenue by Product Line
Revenue by Region
Revenue by Channel
Revenue Forecast 2025
Revenue Recognition Policy
Sales by Region
Sales by Salesperson
Sales Pipeline Overview
Sales Funnel Conversion
Sales Commission Calculator
Sales Territory Map
Sales Playbook
Salesforce Export
Salesforce Field Mapping
Lead Scoring Model
Lead Sources Breakdown
Marketing Budget 2024
Marketing Budget 2025
Marketing Attribution Model
Marketing Qualified Leads
Email Campaign Results
Email Open Rates
Email Templates
Newsletter Subscribers
Social Media Calendar
Social Media Engagement
Search Engine Rankings
Landing Page Experiment
Website Traffic by Source
Website Redesign Mockup
Conversion Rate Optimization
Click Through Rates
Cost per Acquisition
Cost of Goods Sold
Return on Ad Spend
Return on Investment Model
Net Promoter Score Trend
Net Revenue Retention
Gross Margin Analysis
Gross Merchandise Volume
Cash Flow Statement
Cash Flow Forecast
Balance Sheet
Profit and Loss
Accounts Receivable Aging
Accounts Payable Schedule
Budget vs Actuals
Budget Template
Expense Report March
Expense Report April
Expense Report May
Payroll Summary
Invoice 2024-001
Invoice 2024-002
Invoice 2024-017
Invoice 2023-118
Invoice Template
Purchase Orders
Vendor Contracts
Vendor Comparison Matrix
Supplier Risk Assessment
Supply Chain Overview
Inventory Levels
Inventory Turnover
Warehouse Floor Plan
Warehouse Utilization
Shipping Delays Analysis
Shipping Cost Calculator
Delivery Time Histogram
Delivery Routes Map
Returns and Refunds
Product Roadmap
Product Roadmap 2025
Product Requirements Document
Product Usage Heatmap
Product Catalog
Product Launch Plan
Feature Adoption Funnel
Feature Flags
Feature Requests
Feature Importance Plot
Feature Correlation Matrix
Backlog Grooming Notes
Sprint Retrospective 41
Sprint Retrospective 42
Sprint Retrospective 43
Sprint Velocity Chart
Release Notes 1.9
Release Notes 2.0
Release Notes 2.1
Release Checklist
Incident Report 2024-03-11
Incident Report 2024-07-02
Incident Response Runbook
Incident Timeline
Postmortem Template
Postmortem Database Outage
Database Schema
Database Migration Plan
Database Index Usage
Data Dictionary
Data Quality Report
Data Retention Policy
Data Warehouse Costs
Data Pipeline Diagram
Datacenter Inventory
ETL Job Durations
API Latency Percentiles
API Error Rates
API Rate Limits
API Documentation
API Keys Rotation Guide
Latency by Endpoint
Error Budget Burn
Uptime Last 90 Days
Server Capacity Planning
Kubernetes Cluster Costs
Kubernetes Node Usage
Cloud Spend Breakdown
Cloud Migration Strategy
AWS Cost Explorer Export
Terraform State Overview
Docker Image Sizes
Load Test Results
Performance Benchmark
Performance Review Template
Memory Leak Investigation
Query Plan Analysis
Slow Query Log
Unit Test Coverage
Code Review Guidelines
Code Ownership Map
Dependency Graph
Dependency Licenses
Security Incident Log
Security Questionnaire
Penetration Test Findings
Vulnerability Scan
Access Control Matrix
Password Policy
Privacy Impact Assessment
GDPR Data Map
Compliance Checklist
Risk Register
Legal Hold Notice
Contract Renewal Dates
Nondisclosure Agreement
Terms of Service Draft
Employee Handbook
Employee Engagement Survey
Employee Turnover Rate
Headcount Plan
Headcount by Department
Hiring Funnel
Candidate Scorecard
Interview Questions Backend
Interview Questions Frontend
Onboarding Guide
Offboarding Checklist
Org Chart
Salary Bands
Salary Benchmark
Diversity Metrics
Training Completion
Training Schedule
Workshop Agenda
Meeting Notes 2024-05-14
Meeting Notes 2024-05-21
Meeting Minutes Board
Meeting Room Bookings
Offsite Itinerary
Travel Expenses
Travel Policy
Office Floor Plan
Office Supplies Order
Anomaly Detection Notebook
Anomaly Scores
Regression Diagnostics
Linear Regression Fit
Logistic Regression Coefficients
Random Forest Results
Gradient Boosting Tuning
Neural Network Architecture
Confusion Matrix
Precision Recall Curve
ROC Curve
Principal Component Analysis
K-Means Clusters
Hierarchical Clustering Dendrogram
Time Series Decomposition
Exponential Smoothing Forecast
Monte Carlo Simulation
Bayesian Inference Notes
Hypothesis Test Results
Sample Size Calculator
A/B Test Results
A/B Test Checkout Button
Survey Responses Raw
Survey Responses Cleaned
Sentiment Analysis Reviews
Topic Model Output
Word Cloud
Text Summarizer Prompt
Prompt Library
Embedding Space Plot
Retrieval Evaluation
Weather Data Berlin
Weather Stations
Population Pyramid
Census Tracts
Choropleth Map
Earthquake Magnitudes
Air Quality Index
Carbon Footprint
Energy Consumption
Electricity Prices
Solar Panel Output
Stock Prices
Stock Portfolio Optimizer
Exchange Rates
Interest Rate Sensitivity
Bond Yield Curve
Mortgage Calculator
Loan Default Model
Credit Risk Scorecard
Fraud Detection Rules
Insurance Claims Triangle
Clinical Trial Enrollment
Patient Cohort Table
Adverse Events Listing
Drug Interaction Graph
Genome Coverage Plot
Protein Structure Viewer
Lab Results Summary
Vaccination Rates
Hospital Bed Occupancy
School Enrollment Figures
Exam Score Distribution
Course Evaluation Summary
Reading List
Literature Review
Citation Network
Research Proposal
Grant Budget
Experiment Log 07
Experiment Log 08
Experiment Log 12
Sensor Calibration
Sensor Readings Line 3
Machine Downtime
Maintenance Schedule
Production Yield
Quality Control Chart
Defect Pareto
Bill of Materials
Assembly Instructions
Gantt Chart
Project Charter
Project Status Report
Project Phoenix Kickoff
Stakeholder Map
Decision Log
Action Items
OKR Tracker 2024
OKR Tracker 2025
Competitor Pricing
Competitor Feature Comparison
Market Size Estimate
Market Share by Vendor
SWOT Analysis
Business Model Canvas
Investor Update
Pitch Deck
Cap Table
Due Diligence Checklist
Press Release
Brand Guidelines
Style Guide
Color Palette
Icon Set
Logo Variants
Wireframes
Usability Test Findings
User Personas
User Feedback Themes
User Retention Curves
User Growth
Heatmap Checkout
Session Recordings
Event Tracking Plan
sales_2024.csv
sales_2023.csv
raw_events.parquet
user_ids.csv
cleaned-orders.xlsx
orders_by_hour.png
plot_residuals.png
fig1_overview.svg
train_model.py
load_data.py
config.yaml
docker-compose.yml
README.md
schema.sql
queries.sql
index.html
report_final_v2.docx
report_final_v3.docx
logo-dark.svg
logo-light.svg
salesByRegion
getUserOrders
HTMLReportTemplate
parseInvoicePDF
churnModelV2
IPv6 Rollout
OAuth Flow Diagram
C++ Style Notes
C# Migration Guide
.NET Upgrade
🚀 Launch Plan
✅ Done List
Umsatzübersicht 2024
Umsatzprognose
Kündigungsquote
Kundenzufriedenheit
Gehaltsabrechnung März
Jahresabschluss 2023
Lagerbestände
Lieferantenverzeichnis
Besprechungsprotokoll
Mitarbeitergespräche
Projektübersicht
Größenverteilung
Straßenkarte Zürich
Müllabfuhr Termine
Öffnungszeiten
Schlüsselübergabe
Qualitätsprüfung
Übersetzungen
Vertragsentwurf
Wettbewerbsanalyse
Résumé des ventes
Prévisions budgétaires
Coûts d'hébergement
Enquête de satisfaction
Données météo
Modèle de régression
Procès-verbal réunion
Événements à venir
Tableau de bord français
Chiffre d'affaires
Déclaration fiscale
Évaluation des risques
Liste des élèves
Carte des forêts
Hôpitaux par département
Informe de ventas
Previsión de ingresos
Análisis de cohortes
Encuesta de satisfacción
Presupuesto año próximo
Diseño de página
Niños por región
Acción correctiva
Población española
Calendario de vacaciones
Relatório de vendas
Previsão de receitas
Avaliação de desempenho
Orçamento anual
Gestão de estoque
Usuários ativos
Análise de crédito
São Paulo Clientes
Rapporto trimestrale
Qualità del servizio
Attività commerciali
Elenco fornitori
Città e provincia
Perché i clienti partono
Zamówienia klientów
Łódź magazyn
Sprawozdanie roczne
Płatności zaległe
Žádosti o dovolenou
Výroční zpráva
Účetní závěrka
Müşteri memnuniyeti
Satış raporu
Çalışan listesi
Işık ölçümleri
Omsättning per år
Försäljning Göteborg
Årsrapport København
Smørrebrød menu
Økonomi oversigt
Følsomhedsanalyse
Måleresultater
Ísland ferðaáætlun
Kötelezettségek
Árlista
Știri interne
Hồ sơ khách hàng
Báo cáo doanh thu
Đánh giá nhân viên
Verkoopcijfers België
Jaarverslag
Myyntiraportti
Työntekijät
"""
_OTHER = """
Отчёт о продажах
Анализ клиентов
Прогноз выручки
Ёмкость складов
Годовой бюджет
Протокол совещания
Список сотрудников
Зарплата за май
План проекта
Звіт про витрати
Аналіз ринку
Їжа та напої
Αναφορά πωλήσεων
Ανάλυση κόστους
Πελάτες ανά πόλη
تقرير المبيعات
ميزانية التسويق
قائمة العملاء
דוח מכירות
רשימת לקוחות
बिक्री रिपोर्ट
ग्राहक सूची
รายงานยอดขาย
季度销售报告
客户细分查询
客户流失分析
年度预算
员工名单
市场份额图表
产品路线图
会议纪要
供应商合同
数据字典
库存周转率
銷售預測
用户留存曲线
财务报表 2024
销售漏斗
売上レポート
売上予測 2025
顧客リスト
顧客満足度調査
会議メモ
在庫データ
プロジェクト計画
マーケティング予算
ユーザー分析
データベース設計
りんごの価格
グラフ 第3四半期
東京オフィス
議事録
매출 보고서
고객 분석
예산 계획
직원 명단
시장 점유율
회의록
제품 로드맵
재고 현황
사용자 설문
데이터 사전
"""
_MORE = """
Ad Spend Tracker
Affiliate Payouts
Alert Thresholds
App Store Reviews
Archive Policy
Attendance Sheet
Audience Overlap
Average Order Value
Basket Analysis
Beta Tester List
Billing Disputes
Board Resolutions
Bounce Rate Study
Break Even Analysis
Bug Triage Board
Call Center Volume
Capacity Forecast
Change Requests
Chatbot Transcripts
Checkout Abandonment
Cohort Retention Grid
Content Calendar
Crash Analytics
Cross Sell Matrix
Deal Desk Approvals
Demo Script
Device Breakdown
Discount Approvals
Disaster Recovery Plan
Domain Renewals
Elasticity Study
Escalation Matrix
Event Attendance
Facility Inspections
Fleet Mileage
Form Completion Rate
Fulfillment Errors
Funding Scenarios
Geographic Expansion
Glossary
Goal Alignment
Hardware Requests
Holiday Schedule
Help Center Articles
Image Annotations
Impact Assessment
Integration Partners
Keyword Research
Knowledge Base Audit
Language Coverage
"""
NAMES = [line for part in (_LATIN, _OTHER, _MORE) for line in part.strip().splitlines()]
